#!/bin/bash
# The whole way on an empty Debian 12: debootstrap's smallest system, a clone of this repository, `make demo` and `make test`, and
# both again without any network. As root; takes a quarter of an hour and some GB. Not part of `make test`.
#
#   tests/check/chroot.sh [FOLDER]      the folder (/tmp/chroot-spile) is used again when it exists
#   CHROOT_STEPS="demo test ..."        make targets, instead of these two
#   CHROOT_WORKTREE=1                   the files as they are here, not the last commit
#
# The machine's own settings for apt, pip and npm are copied in, so that packages come from where they come from here.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
system=${1:-/tmp/chroot-spile}
read -ra steps <<<"${CHROOT_STEPS:-demo test}"
mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | head -n 1)

say() { printf '\n==== %s\n' "$*"; }

# The variables that tell clients where packages and certificates are.
settings() { env -0 | grep -zE '^(PIP_|NPM_CONFIG_|npm_config_|https?_proxy=|HTTPS?_PROXY=|no_proxy=|NO_PROXY=|SSL_CERT_|NODE_EXTRA_CA_CERTS=|REQUESTS_CA_BUNDLE=|CURL_CA_BUNDLE=)' || true; }

# inside COMMAND...: in the system, with a clean environment but for the settings.
inside() {
    local variables=()
    mapfile -d '' -t variables < <(settings)
    "${before[@]}" chroot "$system" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 "${variables[@]}" "$@"
}
before=()

# copy_in PATH...: files of this machine to the same place.
copy_in() {
    local path
    for path; do
        [[ -e $path ]] || continue
        mkdir -p "$system$(dirname "$path")"
        cp -aL "$path" "$system$(dirname "$path")/" 2>/dev/null || true
    done
}

cleanup() {
    mountpoint -q "$system/proc" && umount "$system/proc"
    mountpoint -q "$system/dev" && umount --recursive "$system/dev"
    true
}
trap cleanup EXIT

if [[ ! -e $system/.bootstrapped ]]; then
    say "debootstrap into $system"
    debootstrap --variant=minbase bookworm "$system" ${mirror:+"$mirror"} >"$system.log" 2>&1 || { tail "$system.log"; exit 1; }
    touch "$system/.bootstrapped"
fi
rm -f "$system/etc/apt/sources.list" # debootstrap's own
copy_in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/keyrings /etc/apt/trusted.gpg.d \
    /etc/pip.conf /etc/npmrc /usr/etc/npmrc "$HOME/.npmrc" "$HOME/.pip" "$HOME/.config/pip" \
    /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates
cp /etc/resolv.conf /etc/hosts "$system/etc/"
mkdir -p "$system/proc" "$system/dev"
mountpoint -q "$system/proc" || mount -t proc proc "$system/proc"
mountpoint -q "$system/dev" || mount --rbind --make-rslave /dev "$system/dev"

say 'what the README asks for: git and make'
inside sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends git make >/dev/null'

say 'clone'
rm -rf "$system/root/spile" "$system/root/spile.bundle"
if [[ -n ${CHROOT_WORKTREE:-} ]]; then
    mkdir -p "$system/root/spile"
    git -C "$root" ls-files -z --cached --others --exclude-standard | (cd "$root" && xargs -0 tar cf - --ignore-failed-read 2>/dev/null) | tar xf - -C "$system/root/spile" --no-same-owner
    inside sh -c 'cd /root/spile && git init -q && git add -A && git -c user.name=check -c user.email=check@example.org commit -qm check'
else
    git -C "$root" bundle create -q "$system/root/spile.bundle" HEAD
    inside git clone -q /root/spile.bundle /root/spile
fi

for round in 'for the first time' 'without network'; do
    [[ $round == 'without network' ]] && before=(unshare -n)
    for step in "${steps[@]}"; do
        say "make $step, $round"
        began=$SECONDS
        inside make -C /root/spile "$step"
        say "make $step, $round: done in $((SECONDS - began)) s"
    done
done
[[ -z $(inside git -C /root/spile status --short) ]] || { say 'the build left files that git does not ignore:'; inside git -C /root/spile status --short; exit 1; }
say 'ok'
