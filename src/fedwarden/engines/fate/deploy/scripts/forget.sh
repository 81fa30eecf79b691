# After its containers ended: takes releases and the firewall's unit away; data and passwords stay. $1: the party's id.
rm -rf "$root/releases" "$root/current" "$root/owner" "$root/images"
unit=/etc/systemd/system/fedwarden-fate-$1-firewall.service
if [ -e "$unit" ]; then
    systemctl disable -q "$unit"
    rm -f "$unit"
    systemctl daemon-reload
fi
exit 0
