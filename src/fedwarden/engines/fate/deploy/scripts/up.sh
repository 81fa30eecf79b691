# Starts a release. $1 its name, $2 v1 or v2, $3 and $4 the two projects, $5 yes: keep strangers out by the firewall.
release=$root/releases/$1
how=$2
if [ "$5" = yes ]; then # first: a port that is published is open from that moment on
    sh "$release/firewall.sh" || { note firewall failed; exit 1; }
    note firewall ok
fi
for project in "$3" "$4"; do
    # nothing is pulled or built here: the images were looked at before
    if ! said=$(compose -p "$project" -f "$release/$project/docker-compose.yml" up -d --no-build --remove-orphans -t 10 2>&1 </dev/null); then
        note "up $project" failed
        echo "$said" | grep -iE 'error|cannot|denied|in use|allocated|overlap' | grep -v 'Encountered errors' | tail -1 >&2
        exit 1
    fi
    note "up $project" ok
done
