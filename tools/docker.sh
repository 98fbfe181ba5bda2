# shellcheck shell=bash
# Sourced by compose-test.sh after toolchain.sh: an engine, the images that a compose file names, and
# the end of both.
#
# An engine that runs already is used as it is. Where there is none (and we are root) Debian's is
# installed and started for the time of the test, in .tools/docker and with nothing of the host's
# network changed: no bridge of its own, no firewall rules, no forwarding. Containers reach each
# other over the bridge that compose makes, and published ports are carried by the engine's own proxy.
#
# Images that no registry gives are built here under the names the compose file uses, so that the file
# tested is the one users run: Debian's by debootstrap, the others from that: Envoy's with the Envoy of `make setup`,
# nginx's with Debian's package.

engine=$TOOLS/docker
BASE=debian:trixie-slim
DOCKER=docker
COMPOSE=()
run_dir='' # of our own engine: its socket and what it needs while it runs
engine_pid=''
stand_ins=() # images built in an engine that isn't ours

# Leaves an engine at $DOCKER_HOST (or the user's own), with `docker` and a compose that talk to it.
docker_start() {
    mkdir -p "$engine"
    if ! timeout 20 docker info >/dev/null 2>&1; then
        [ "$(id -u)" = 0 ] || die "no Docker engine answers: start one, or run this as root"
        docker_install dockerd docker.io
        engine_start
    fi
    if timeout 20 "$DOCKER" compose version >/dev/null 2>&1; then
        COMPOSE=("$DOCKER" compose)
    else
        docker_install docker-compose docker-compose
        COMPOSE=(docker-compose)
    fi
    say "engine   $("$DOCKER" version --format '{{.Server.Version}}'), $("${COMPOSE[@]}" version | head -n 1)"
}

# Gets every image that the compose file $1 names.
docker_images() {
    local images image
    mapfile -t images < <(sed -nE 's/^ +image: *([^ ]+).*/\1/p' "$1")
    for image in "${images[@]}"; do
        if "$DOCKER" image inspect "$image" >/dev/null 2>&1; then continue; fi
        say "image    getting $image"
        if ! timeout 300 "$DOCKER" pull -q "$image" >"$engine/pull.log" 2>&1; then
            say "image    no registry gives it ($(tail -n 1 "$engine/pull.log" | cut -c 1-90)…): building it here"
            image_build "$image"
        fi
    done
}

# Ends what docker_start started, and leaves no image in the user's own engine that isn't what its name says.
docker_stop() {
    if [ ${#stand_ins[@]} != 0 ]; then "$DOCKER" rmi -f "${stand_ins[@]}" >/dev/null || true; fi
    [ -n "$run_dir" ] || return 0
    if [ -n "$engine_pid" ] && kill "$engine_pid" 2>/dev/null; then
        for _ in $(seq 100); do
            kill -0 "$engine_pid" 2>/dev/null || break
            sleep 0.2
        done
    fi
    rm -rf "$run_dir"
    run_dir=
}

# docker_install PROGRAM PACKAGE: installs what is missing, its services not started.
docker_install() {
    if command -v "$1" >/dev/null; then return; fi
    command -v apt-get >/dev/null || die "no $1 and no apt-get to install it with"
    [ "$(id -u)" = 0 ] || die "no $1: install it, or run this as root"
    say "engine   installing the Debian package $2"
    # RUNLEVEL=1 is how Debian's init scripts are told that this is no time to start.
    if ! { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$2"; } >"$engine/apt.log" 2>&1; then
        die "apt-get failed: $(tail -n 5 "$engine/apt.log")"
    fi
    hash -r
}

engine_start() {
    # One engine at a time on these images; the lock goes with this script.
    exec 9>"$engine/lock"
    flock -w 600 9 || die "another engine runs in $engine"
    # A socket's path has at most 107 bytes, so it can't be under the repository.
    run_dir=$(mktemp -d "${TMPDIR:-/tmp}/weir-docker.XXXXXX")
    export DOCKER_HOST=unix://$run_dir/docker.sock
    # Debian's, which fits its engine, rather than a newer one that may refuse it.
    if [ -x /usr/bin/docker ]; then DOCKER=/usr/bin/docker; fi
    say "engine   starting one (log in $engine/dockerd.log)"
    # In a session of its own, so that Ctrl-C leaves it up until the containers are down; in a mount
    # namespace, so that the mounts it leaves go with it. Both become dockerd: the pid is its own.
    setsid unshare --mount --propagation private dockerd --data-root "$engine/data" --exec-root "$run_dir/exec" \
        --pidfile "$run_dir/docker.pid" --host "$DOCKER_HOST" --bridge none \
        --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false >"$engine/dockerd.log" 2>&1 9>&- &
    engine_pid=$!
    for _ in $(seq 300); do
        if "$DOCKER" info >/dev/null 2>&1; then
            # What a run that was killed left.
            "$DOCKER" container prune -f >/dev/null
            "$DOCKER" network prune -f >/dev/null
            return
        fi
        kill -0 "$engine_pid" 2>/dev/null || break
        sleep 0.2
    done
    die "dockerd does not start: $(tail -n 5 "$engine/dockerd.log")"
}

# The image $1, built from Debian's packages and the Envoy in $ENVOY.
image_build() {
    case $1 in
    debian:*-slim) image_debian "$1" "$(cut -d: -f2 <<<"${1%-slim}")" ;;
    envoyproxy/envoy:v*) image_envoy "$1" ;;
    nginx:*) image_nginx "$1" ;;
    *) die "can't build $1 here" ;;
    esac
    [ -n "$run_dir" ] || stand_ins+=("$1")
}

# image_debian IMAGE SUITE
image_debian() {
    local tar=$engine/debian-$2.tar root=$engine/root
    if [ ! -e "$tar" ]; then
        docker_install debootstrap debootstrap
        rm -rf "$root"
        debootstrap --variant=minbase "$2" "$root" >"$engine/debootstrap.log" 2>&1 ||
            die "debootstrap failed: $(tail -n 5 "$engine/debootstrap.log")"
        # What the slim images leave out too.
        rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,locale,man}/*
        tar -C "$root" -cf "$tar.part" . && mv "$tar.part" "$tar"
        rm -rf "$root"
    fi
    "$DOCKER" import --change 'CMD ["bash"]' "$tar" "$1" >/dev/null
}

# The image that the others are built from.
image_base() { "$DOCKER" image inspect $BASE >/dev/null 2>&1 || image_build $BASE; }

# What the official image is, as far as a compose file can see: its command, its user, its paths.
image_envoy() {
    local context=$engine/envoy
    "$ENVOY" --version | grep -qF "/${1#*:v}/" || die "$ENVOY is not the Envoy of $1: $("$ENVOY" --version)"
    image_base
    mkdir -p "$context"
    cp "$(readlink -f "$ENVOY")" "$context/envoy"
    cat >"$context/Dockerfile" <<END
FROM $BASE
COPY envoy /usr/local/bin/envoy
USER 101:101
CMD ["envoy", "-c", "/etc/envoy/envoy.yaml"]
END
    "$DOCKER" build -q -t "$1" "$context" >/dev/null
    rm -rf "$context"
}

# Likewise: sites in conf.d, served by the user nginx, logs on the container's output. The network is the host's,
# because the engine started here gives a build none of its own.
image_nginx() {
    image_base
    "$DOCKER" build -q --network host --build-arg http_proxy -t "$1" - >"$engine/nginx.log" 2>&1 <<END ||
FROM $BASE
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/*
RUN nginx -v 2>&1 | grep -F 'nginx/${1#*:}.'
RUN useradd --system nginx && sed -i 's/^user .*/user nginx;/' /etc/nginx/nginx.conf && \\
    rm /etc/nginx/sites-enabled/default && \\
    ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
END
        die "no image with Debian's nginx: $(tail -n 5 "$engine/nginx.log")"
}
