# The last line that a container printed. $1: its name.
docker logs --tail 20 "$1" 2>&1 | grep -v '^ *$' | tail -1 | cut -c1-300
