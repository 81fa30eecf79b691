# Removes environments that no agent of this host runs from, or may have to go back to. $1: root folder.
for other in "$1"/envs/*; do
    grep -qxF -- "$other" "$1"/agents/*/*/environment "$1"/agents/*/*/environment.before 2>/dev/null || rm -rf "$other"
done
exit 0
