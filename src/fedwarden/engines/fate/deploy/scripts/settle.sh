# The release that was verified becomes the current one; of the others the last good one stays. $1: its name, $2 yes: systemd
# puts the firewall's rules back before Docker starts its containers again, $3: the party's id.
before=$(basename "$(readlink "$root/current" 2>/dev/null)" 2>/dev/null)
ln -s "releases/$1" "$root/.current.new" && mv -T "$root/.current.new" "$root/current" || exit 1
touch "$root/releases/$1"
for old in "$root"/releases/*; do
    name=$(basename "$old")
    [ "$name" = "$1" ] || [ "$name" = "$before" ] || rm -rf "$old"
done
if [ "$2" = yes ]; then
    unit=/etc/systemd/system/fedwarden-fate-$3-firewall.service
    printf '[Unit]\nDescription=Who may reach the FATE cluster of party %s\nBefore=docker.service\nPartOf=docker.service\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh %s/current/firewall.sh\n\n[Install]\nWantedBy=docker.service\n' "$3" "$root" >"$unit"
    systemctl daemon-reload && systemctl enable -q "$unit" || exit 1
fi
note "settle $1" ok
