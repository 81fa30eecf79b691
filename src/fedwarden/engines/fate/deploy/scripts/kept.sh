# What a deleted party has left behind: "kept KILOBYTES FOLDER" for every folder that is not empty.
for folder in "$root"/data/*/; do
    holds "$folder" || continue
    echo "kept $(du -sk "$folder" 2>/dev/null | cut -f1) ${folder%/}"
done
exit 0
