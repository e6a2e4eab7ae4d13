# Sourced by the other scripts in this folder: where things are, and how a step is shown.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# The system's own tools before anybody's shims: Boost.Python was built for the system's Python.
PATH=/usr/bin:/bin:$PATH
jobs=$(nproc 2>/dev/null || echo 2)

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
  bold='' dim='' green='' red='' plain=''
fi

# die <message>: says why and ends the script.
die() {
  printf '%s%s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

# step <title>: a heading, after how long the step before it took.
step_title=''
step() {
  step_done
  step_title=$1
  step_started=$SECONDS
  printf '\n%s== %s%s\n' "$bold" "$step_title" "$plain"
}
step_done() {
  [ -n "$step_title" ] || return 0
  if [ $((SECONDS - step_started)) -ge 2 ]; then
    printf '%s-- %s: %d s%s\n' "$dim" "$step_title" $((SECONDS - step_started)) "$plain"
  fi
  step_title=''
}

# A CMake that can read our presets: the system's if it is new enough, else the first on the PATH that is.
find_cmake() {
  local candidate version
  for candidate in $(type -ap cmake); do
    version=$("$candidate" --version 2>/dev/null | sed -n 's/^cmake version \([0-9]*\.[0-9]*\).*/\1/p')
    if [ -n "$version" ] && [ "$(printf '%s\n3.25\n' "$version" | sort -V | head -n 1)" = 3.25 ]; then
      echo "$candidate"
      return
    fi
  done
  die 'No CMake 3.25 or newer was found.'
}

# A prefix for commands that run sanitized programs. The sanitizers of GCC 12 and clang 14 do not know how far newer
# kernels spread addresses, and may then die before main(). Children inherit the setting; where a container does not
# permit it, we go on without.
fixed_addresses=()
if setarch -R true 2>/dev/null; then fixed_addresses=(setarch -R); fi
