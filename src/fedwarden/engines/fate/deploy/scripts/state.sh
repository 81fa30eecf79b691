# Every container of the projects: "container NAME STATUS RESTARTS EXIT PROJECT SERVICE". $@: the projects.
for project in "$@"; do
    ids=$(docker ps -aq --filter "label=com.docker.compose.project=$project")
    # shellcheck disable=SC2086
    [ -z "$ids" ] || docker inspect --format 'container {{.Name}} {{.State.Status}} {{.RestartCount}} {{.State.ExitCode}} {{index .Config.Labels "com.docker.compose.project"}} {{index .Config.Labels "com.docker.compose.service"}}' $ids
done
