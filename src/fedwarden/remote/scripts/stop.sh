# Ends the agent of a home and leaves the home. $1: home, $2: unit, $3: "forget" the ports that it remembers.
home=$1 unit=$2
end_all || exit 1
if [ "$3" = forget ]; then rm -f "$home/agent.json"; fi
