# Sourced by run-tests and build-release: `use_environment NAME` sets PYTHON to a virtual environment under
# .cache/ of the repository that holds exactly app/requirements-NAME.txt, made anew when the lock changes.

app_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(dirname "$app_directory")

find_python() {
    local candidate
    for candidate in "$repository/.venv/bin/python" python3.13 python3.12 \
        "$HOME"/.pyenv/versions/3.13*/bin/python3 "$HOME"/.pyenv/versions/3.12*/bin/python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    echo "no Python 3.12 or newer found: install python3.13 (or python3.12) with its venv module" >&2
    return 1
}

use_environment() {
    local lock="$app_directory/requirements-$1.txt" place="$repository/.cache/app-$1" wanted base
    wanted=$(sha256sum <"$lock")
    PYTHON="$place/bin/python"
    mkdir -p "$repository/.cache"
    exec {environment_lock}>"$place.lock"
    flock "$environment_lock" # two runs at once make it once
    if [ "$(cat "$place/lock" 2>/dev/null)" != "$wanted" ] || ! "$PYTHON" -V >/dev/null 2>&1; then
        base=$(find_python) || return 1
        rm -rf "$place"
        "$base" -m venv "$place"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" >&2
        printf '%s\n' "$wanted" >"$place/lock"
    fi
    exec {environment_lock}>&-
    export PYTHON
}
