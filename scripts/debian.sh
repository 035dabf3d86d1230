# Packages from the machine's own Debian mirror. Sourced by scripts/lab.

# apt_install PACKAGE…: needs root; refreshes the lists only when they do not serve.
apt_install() {
  have apt-get || die "\`$1\` is missing, and this machine has no apt-get" "install \`$*\` with your package manager"
  ((EUID == 0)) || die "\`$1\` is missing" "sudo apt-get install --no-install-recommends $*"
  local log=$LAB/apt.log install=(apt-get install -y -qq --no-install-recommends "$@")
  say "lab: installing $*"
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" >"$log" 2>&1 && return
  { apt-get update -qq && "${install[@]}"; } >"$log" 2>&1 || {
    tail -n 15 "$log" >&2
    die "apt-get could not install $*" "apt-get update && apt-get install --no-install-recommends $*"
  }
}

# Prints `KEYRING URI` for every source of apt that may be a Debian archive; KEYRING is `-` where none is named.
# Reads both formats: lines of `deb [options] uri suite component…` and stanzas of `URIs:`, `Suites:`, `Signed-By:`.
debian_mirrors() {
  local files=()
  shopt -s nullglob
  files=(/etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list)
  shopt -u nullglob
  [[ ! -s /etc/apt/sources.list ]] || files+=(/etc/apt/sources.list)
  ((${#files[@]} > 0)) || return 0
  awk -v codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")" '
    function wanted(suites,   n, a, i) {
      n = split(suites, a, " ")
      for (i = 1; i <= n; i++) if (a[i] == codename || a[i] ~ /^(stable|testing|unstable|sid)$/) return 1
      return 0
    }
    function stanza() {
      if (types ~ /(^| )deb( |$)/ && enabled !~ /^(no|false)$/ && components ~ /(^| )main( |$)/ && wanted(suites)) {
        split(uris, u, " ")
        print (key ~ /^\// ? key : "-"), u[1]
      }
      types = uris = suites = components = key = enabled = ""
    }
    FNR == 1 { stanza() }
    /^#/ { next }
    FILENAME ~ /\.sources$/ {
      if ($0 ~ /^[ \t]*$/) { stanza(); next }
      name = tolower($1); value = $0; sub(/^[^:]*:[ \t]*/, "", value)
      if (name == "types:") types = value
      if (name == "uris:") uris = value
      if (name == "suites:") suites = value
      if (name == "components:") components = value
      if (name == "signed-by:") key = value
      if (name == "enabled:") enabled = tolower(value)
      next
    }
    $1 == "deb" {
      key = ""
      if (match($0, /\[[^]]*\]/)) {
        options = substr($0, RSTART + 1, RLENGTH - 2)
        $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
        if (match(options, /signed-by=[^ ]+/)) key = substr(options, RSTART + 10, RLENGTH - 10)
      }
      types = "deb"; uris = $2; suites = $3; components = ""
      for (i = 4; i <= NF; i++) components = components " " $i
      stanza()
    }
    END { stanza() }' "${files[@]}" | awk '!seen[$0]++'
}

# fetch_deb DIRECTORY PACKAGE SUITE…: unpacks the package of the first suite that has it and whose `$CHECK DIRECTORY`
# (a command, optional) succeeds. Works in a private sources list and private lists, so the machine's own apt stays
# as it is; needs no root.
fetch_deb() {
  local into=$1 package=$2 suite key uri work=$LAB/apt log=$LAB/apt.log
  shift 2
  have apt-get && have dpkg-deb || die "\`$package\` is missing, and this machine has no apt" "install it with your package manager"
  for suite in "$@"; do
    while read -r key uri; do
      rm -rf "$work" "$into"
      mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$into"
      [[ $key == - ]] && key= || key="[signed-by=$key] "
      echo "deb ${key}$uri $suite main" >"$work/sources.list"
      local apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User= -o Acquire::Languages=none)
      say "lab: fetching $package ($suite)"
      if (cd "$work" && "${apt[@]}" update && "${apt[@]}" download "$package" && dpkg-deb -x "$package"_*.deb "$into") >"$log" 2>&1 &&
        { [[ -z ${CHECK:-} ]] || "$CHECK" "$into" >>"$log" 2>&1; }; then
        rm -rf "$work"
        return
      fi
    done < <(debian_mirrors)
  done
  tail -n 15 "$log" >&2 2>/dev/null || true
  die "\`$package\` could not be fetched from a Debian mirror ($*)" "see $log, check /etc/apt/sources.list.d, or install $package yourself"
}
