//! What a script makes sure of before it uses a variable, against the real shell: where a check holds, every text is
//! taken and none runs; where it holds for less than it seems, a text that gets through is refused.

use super::cage::{Cage, each};
use super::naive;
use super::running::{placed, refused_of};
use std::sync::Mutex;

/// Texts that do something in arithmetic, as a name, as an option and as code, also behind what a check admits.
const HOSTILE: &[&str] = &[
    "a[$(canary)]",
    "1+a[$(canary)]",
    "a[$(canary)]+1",
    "1\na[$(canary)]",
    "a[$(canary)]\n1",
    "1\n",
    "\n1",
    "-1",
    "v1.2.a[$(canary)]",
    "1.2.3\n",
    "$(canary)",
    "x;canary",
    "dev\ncanary",
    "--output=../canary",
    "\u{661}a[$(canary)]",
    "",
    "canary",
];

/// Scripts whose check holds: `@` is the payload's text.
const HOLDS: &[&str] = &[
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x + 1))",
    "x=@; if ! [[ $x =~ ^[0-9]+$ ]]; then echo no; exit 1; fi; echo $((x))",
    "x=@; if [[ ! \"$x\" =~ ^-?[0-9]{1,9}$ ]]; then exit 1; else echo $((x)); fi",
    "x=@; if [[ $x =~ ^[0-9]+$ ]]; then echo $((x)); else echo no; fi",
    "x=@; [[ $x =~ ^[0-9]+$ ]] && echo $((x))",
    "x=@; case $x in *[!0-9]*|'') exit 1 ;; esac; echo $((x))",
    "x=@; case $x in ''|*[!0-9]*) echo no; exit 1 ;; *) echo $((x)) ;; esac",
    "x=@; case $x in [0-9]|[1-9][0-9]) echo $((x)) ;; esac",
    "x=@; case $x in 1|2|3) ;; *) exit 1 ;; esac; echo $((x))",
    "x=@; re='^[0-9]+$'; [[ $x =~ $re ]] || exit 1; echo $((x))",
    "x=@; [ \"$x\" = 1 ] || [ \"$x\" = 2 ] || exit 1; echo $((x))",
    "x=@; if [ \"$x\" != 7 ]; then exit 1; fi; (( x > 3 )) && echo many",
    "x=@; [[ $x == [0-9] || $x == [0-9][0-9] ]] || exit 1; echo $((x))",
    "x=@; [[ $x != *[!0-9]* && -n $x ]] || exit 1; echo $((x))",
    "x=@; [[ -z $x || $x == *[!0-9]* ]] && exit 1; echo $((x))",
    "x=@; [[ $x =~ [^0-9] ]] && exit 1; echo $((x + 0))",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || x=0; echo $((x))",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || { echo no >&2; exit 1; }; y=$x; echo $((y * 2))",
    "die() { echo \"$1\"; exit 1; }; x=@; [[ $x =~ ^[0-9]+$ ]] || die no; echo $((x))",
    "f() { local n=$1; [[ $n =~ ^[0-9]+$ ]] || return 1; echo $((n)); }; f @",
    "f() { [[ $1 =~ ^[0-9]+$ ]] || return 1; echo $(($1 + 1)); }; f @",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; f() { echo $((x)); }; f",
    "for x in a @ b; do [[ $x =~ ^[0-9]+$ ]] || continue; echo $((x)); done",
    "while read -r x; do [[ $x =~ ^[0-9]+$ ]] || continue; echo $((x)); done <<< @",
    "x=@; while [[ $x =~ ^[0-9]+$ ]]; do echo $((x)); break; done",
    "x=@; until ! [[ $x =~ ^[0-9]+$ ]]; do echo $((x)); exit; done",
    "v=@; v=\"${v#v}\"; [[ $v =~ ^[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; IFS=. read -r a b c <<< \"$v\"; echo $((10#$c + 1))",
    "v=@; [[ $v =~ ^[0-9]+(\\.[0-9]+)*$ ]] || exit 1; v=${v%%.*}; echo $((v + 1))",
    "v=@; [[ $v =~ ^[0-9]+(\\.[0-9]+)*$ ]] || exit 1; echo $((${v%%.*} + 1))",
    "x=@; [[ $x =~ ^[a-z0-9][a-z0-9.-]*$ ]] || exit 1; bash -c \"echo $x\"",
    "v=@; [[ $v =~ ^[0-9]+\\.[0-9]+$ ]] || exit 1; \"$HOME/tool-$v/tool\" --version",
    "x=@; [[ $x =~ ^(dev|test|prod)$ ]] || exit 1; bash -c \"echo $x\"",
    "x=@; case $x in dev|prod) ;; *) exit 1 ;; esac; bash -c \"echo $x\"",
    "x=@; [[ $x == dev || $x == prod ]] || exit 1; bash \"env/$x.sh\"",
    "x=@; [[ $x =~ ^[a-z0-9]+$ ]] || exit 1; sh \"./env/$x.sh\" $x",
    "x=@; case $x in dev|prod) bash \"deploy-$x.sh\" ;; esac",
    "x=@; case $x in dev) bash -c \"echo $x\" ;; prod) echo no ;; *) exit 1 ;; esac",
    "x=@; case $x in -*) exit 1 ;; esac; git log \"$x\"",
    "x=@; [[ $x == -* ]] && exit 1; git log \"$x\"",
    "n=@; [[ $n =~ ^[0-9]$ ]] || exit 1; n=$((n + 1)); for ((i = 0; i < n; i++)); do echo $((n - i)); done",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; cat <<E\n$((x + 1))\nE",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; y=$(echo $((x + 1))); echo $((y))",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo a | while read -r l; do echo $((x)); done",
    "x=@; if [[ $x =~ ^[0-9]+$ ]]; then n=$x; else n=1; fi; echo $((n))",
    "x=@; set -e; [[ $x =~ ^(0|[1-9][0-9]?)$ ]] || exit 1; a=(1 2); echo ${a[$x]}",
    "x=@; trap 'echo bye' EXIT; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))",
    "x=@; ! [[ $x =~ ^[0-9]+$ ]] && exit 1; echo $((x))",
    "x=@; { [[ $x =~ ^[0-9]+$ ]] && echo $((x)); } || echo no",
    "x=@; [[ ${x:-} =~ ^[0-9]+$ ]] || exit 1; echo $((x))",
    "x=@; if [ -z \"$x\" ]; then exit 1; fi; case \"$x\" in *[!0-9]*) exit 1 ;; esac; printf '%d\\n' $((x))",
    "x=@; [[ $x =~ ^[0-9]+$ && $x -lt 10 ]] || exit 1; echo $((x))",
    "x=@; [[ ! $x =~ ^[0-9]+$ || $x -gt 10 ]] && exit 1; echo $((x))",
    "x=@; if [[ $x =~ ^[0-9]+$ ]] && (( x < 10 )); then echo \"${x}0\"; fi",
    "x=@; y=@; [[ $x =~ ^[0-9]+$ && $y =~ ^[0-9]+$ ]] || exit 1; echo $((x + y))",
    "x=@; y=@; if [[ ! $x =~ ^[0-9]+$ ]] || [[ ! $y =~ ^[0-9]+$ ]]; then exit 1; fi; echo $((x + y))",
    "x=@; if [[ $x =~ ^[0-9]+$ ]]; then :; elif [[ $x == many ]]; then x=9; else exit 1; fi; echo $((x))",
    "x=@; [[ $x =~ ^[[:digit:]]+$ ]] || exit 1; echo $((x))",
    "shopt -s nocasematch; x=@; case $x in dev|prod) ;; *) exit 1 ;; esac; bash -c \"echo $x\"",
    "x=@; (case $x in ''|*[!0-9]*) exit 1 ;; esac; echo $((x)))",
    "x=@; y=$(case $x in ''|*[!0-9]*) exit 1 ;; esac; echo $((x))); echo $y",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; export x; readonly x; sleep 0 & wait; echo $((x))",
    "for x in @ 2; do case $x in ''|*[!0-9]*) continue ;; esac; for y in 1 2; do [[ $y == 1 ]] && continue; echo $((x * y)); done; done",
    "x=@; [[ $x =~ ^v?([0-9]+)$ ]] || exit 1; n=${BASH_REMATCH[1]}; echo $((n + 1))",
    "x=@; [[ $x =~ ^v([0-9]+)$ ]] || exit 1; echo $((BASH_REMATCH[1] + 1))",
    "x=@; y=@; [[ $x =~ ^v([0-9]+)$ ]] && a=${BASH_REMATCH[1]}; [[ $y =~ ^r([0-9]+)$ ]] && b=${BASH_REMATCH[1]}; echo $((a + b))",
    "x=@; y=@; tag=\"v$x\"; n=${tag#v}; [[ $n =~ ^[0-9]+$ ]] || exit 1; echo \"$y\" $((n))",
    "x=@; v1=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; n=\"$x\"; m=\"0$x\"; echo \"$v1\" $((n))",
    "x=@; [[ $x =~ ^[0-9]+$ && -n ${y:=1} ]] || exit 1; echo $((x))",
    "x=@; case $x in *[!0-9]* | ${y:=z}) exit 1 ;; esac; echo $((x))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; p=${x##*.}; echo $((p + 1))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; echo $((${x##*.} + 1))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+$ ]] || exit 1; v=${x#v}; a=${v%%.*}; b=${v#*.}; echo $((a + b))",
    "x=@; [[ $x =~ ^v?[0-9]+$ ]] || exit 1; n=${x#v}; echo $((n))",
    "x=@; [[ $x =~ ^v[0-9]+$ ]] || exit 1; n=${x:1}; echo $((n + 1))",
    "x=@; [[ $x =~ ^[0-9]+-[a-z]+$ ]] || exit 1; n=${x%-*}; echo $((n + 1))",
    "x=@; [[ $x =~ ^[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; IFS=. read -r a b c <<< \"$x\"; echo $((a + b + c))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; IFS=. read -r a b c <<< \"${x#v}\"; echo $((a + b + c))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; IFS=. read -r a b c <<< \"$x\"; echo $((b + c))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; p=$(echo \"$x\" | cut -d. -f3); echo $((p + 1))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; p=$(cut -d . -f 2 <<< \"$x\"); echo $((p + 1))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; p=$(printf '%s\\n' \"$x\" | awk -F. '{print $3}'); echo $((p + 1))",
    "x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; n=$(echo \"$x\"); echo $((n + 1))",
    "x=@; [[ $x =~ ^v[0-9]+\\.[0-9]+\\.[0-9]+$ ]] || exit 1; echo $(( $(echo \"$x\" | cut -d. -f3) + 1 ))",
    "x=@; case $x in staging|production) ;; *) exit 1 ;; esac; source \"env/$x.sh\"",
    "x=@; case $x in staging|production) ;; *) exit 1 ;; esac; . \"$x.env\"; echo \"$x\"",
    "x=@; [[ $x =~ ^(dev|prod)$ ]] || exit 1; source \"$PWD/env/$x.sh\"",
    "x=@; [[ $x == dev || $x == prod ]] && . \"./$x\"; echo done",
    "x=@; if [[ $x =~ ^[a-z]+$ ]]; then . \"./env/$x.sh\"; fi",
    "x=@; case $x in dev|prod) bash \"$x\" ;; esac",
    "die() { echo \"$1\" >&2; exit 1; }; x=@; case $x in dev|prod) ;; *) die no ;; esac; . \"$x.env\"",
    "check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\"; echo $((x + 1))",
    "check() { [[ $2 =~ ^[0-9]+$ ]] || { echo \"bad $1\" >&2; exit 64; }; }; x=@; check count \"$x\"; echo $((x + 1))",
    "check() { local name=$1 value=$2; if ! [[ $value =~ ^[0-9]+$ ]]; then echo \"$name\"; exit 1; fi; }; x=@; check n \"$x\"; echo $((x))",
    "check() { local v=\"$1\"; case $v in ''|*[!0-9]*) echo no; exit 1 ;; esac; }; x=@; check \"$x\"; echo $((x))",
    "is() { [[ $1 =~ ^[0-9]+$ ]]; }; x=@; is \"$x\" || exit 1; echo $((x))",
    "is() { [[ $1 =~ ^[0-9]+$ ]]; }; x=@; if is \"$x\"; then echo $((x)); fi",
    "is() { [[ $1 =~ ^[0-9]+$ ]]; }; x=@; if ! is \"$x\"; then exit 1; fi; echo $((x))",
    "is() { case $1 in ''|*[!0-9]*) return 1 ;; esac; }; x=@; is \"$x\" && echo $((x))",
    "is() { if [[ $1 =~ ^[0-9]+$ ]]; then return 0; fi; return 1; }; x=@; is \"$x\" && echo $((x))",
    "is() { [[ $1 =~ ^[0-9]+$ ]] || return 1; echo \"a number\" >&2; }; x=@; is \"$x\" || exit 1; echo $((x))",
    "no() { [[ ! $1 =~ ^[0-9]+$ ]]; }; x=@; no \"$x\" && exit 1; echo $((x))",
    "check() { [[ $x =~ ^[0-9]+$ ]] || exit 1; }; x=@; check; echo $((x))",
    "check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; f() { check \"$1\"; echo $(($1)); }; f @",
    "check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; f() { local n=$1; check \"$n\"; echo $((n)); }; f @",
    "check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; [[ $2 =~ ^[0-9]+$ ]] || exit 1; }; x=@; y=@; check \"$x\" \"$y\"; echo $((x + y))",
    "check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\" 2> /dev/null; echo $((x))",
];

/// Scripts whose check is none, or not for where the text is used, with a text that runs there.
const BROKEN: &[(&str, &str)] = &[
    ("x=@; [[ $x =~ ^[0-9]+$ ]]; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+ ]] || exit 1; echo $((x))", "1+a[$(canary)]"),
    ("x=@; [[ $x =~ [0-9]+$ ]] || exit 1; echo $((x))", "a[$(canary)]+1"),
    ("x=@; [[ $x =~ ^[0-9]+$|b ]] || exit 1; echo $((x))", "b+a[$(canary)]"),
    ("x=@; [[ $x =~ ^a|[0-9]$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^(a|[0-9]$) ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ (^[0-9]|a).*$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]*$ || -n $x ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^.+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[^,]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[]a-z\\[\\$()]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[!-~]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; re='^\\w.*$'; [[ $x =~ $re ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; re='^[0-9]+$'; re=.; [[ $x =~ $re ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; re='^[0-9]+$'; [[ $x =~ ${re#^} ]] || exit 1; echo $((x))", "a[$(canary)]+1"),
    ("x=@; ([[ $x =~ ^[0-9]+$ ]] || exit 1); echo $((x))", "a[$(canary)]"),
    ("x=@; : $([[ $x =~ ^[0-9]+$ ]] || exit 1); echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || return 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || continue; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || break; echo $((x))", "a[$(canary)]"),
    ("for i in 1; do ( [[ @ =~ ^[0-9]+$ ]] || continue ); done; x=@; echo $((x))", "a[$(canary)]"),
    ("x=@; for i in 1; do [[ $x =~ ^[0-9]+$ ]] || continue; done; echo $((x))", "a[$(canary)]"),
    ("exit() { :; }; x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("shopt -s expand_aliases\nalias exit=:\nx=@; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("eval 'exit() { :; }'; x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; y=1; [[ $y =~ ^[0-9]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; x=@; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; x=$y; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; read -r x <<< \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; printf -v x %s \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; printf -vx %s \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; n=x; [[ $x =~ ^[0-9]+$ ]] || exit 1; read -r \"$n\" <<< \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; export x=\"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; declare x=\"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; mapfile -t x <<< \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=; [[ $x =~ ^[0-9]*$ ]] || exit 1; : ${x:=$y}; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; f() { x=$y; }; [[ $x =~ ^[0-9]+$ ]] || exit 1; f; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; f() { x=$y; }; g() { f; }; [[ $x =~ ^[0-9]+$ ]] || exit 1; g; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; f() { x=$y; local x=1; }; [[ $x =~ ^[0-9]+$ ]] || exit 1; f; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; declare -n r=x; [[ $x =~ ^[0-9]+$ ]] || exit 1; r=$y; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; trap '[[ $n ]] && x=$y' DEBUG; [[ $x =~ ^[0-9]+$ ]] || exit 1; n=1; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; c=read; [[ $x =~ ^[0-9]+$ ]] || exit 1; $c x <<< \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; command read x <<< \"$y\"; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; eval 'x=$y'; echo $((x))", "a[$(canary)]"),
    ("z=@\nreadonly z\nz=1\necho $((z))", "a[$(canary)]"),
    ("y=@; echo 'x=$y' > lib; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; . ./lib; echo $((x))", "a[$(canary)]"),
    ("shopt -s lastpipe; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo @ | read -r x; echo $((x))", "a[$(canary)]"),
    ("x=@; if [[ $x =~ ^[0-9]+$ ]]; then :; fi; echo $((x))", "a[$(canary)]"),
    ("x=@; if [[ ! $x =~ ^[0-9]+$ ]]; then echo no; fi; echo $((x))", "a[$(canary)]"),
    ("x=@; if [[ $x =~ ^[0-9]+$ ]]; then :; else echo $((x)); fi", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1 & wait; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1 | cat; echo $((x))", "a[$(canary)]"),
    ("x=@; f() { [[ $x =~ ^[0-9]+$ ]] || return 1; }; f; echo $((x))", "a[$(canary)]"),
    ("x=@; case $x in [0-9]*) ;; *) exit 1 ;; esac; echo $((x))", "1+a[$(canary)]"),
    ("x=@; case $x in *[0-9]) ;; *) exit 1 ;; esac; echo $((x))", "a[$(canary)]+1"),
    ("x=@; case $x in *[!0-9]*) echo no ;; esac; echo $((x))", "a[$(canary)]"),
    ("x=@; case $x in 1) exit ;; *[!0-9]*) echo no ;& 2) echo $((x)) ;; esac", "a[$(canary)]"),
    ("x=@; case $x in *[!0-9]*) : ;;& 1|*) echo $((x)) ;; esac", "a[$(canary)]"),
    ("x=@; [ $x = 1 ] || exit 1; echo $((x))", "a[$(canary)] -o 1"),
    ("x=@; [ -n \"$x\" ] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; grep -qE '^[0-9]+$' <<< \"$x\" || exit 1; echo $((x))", "a[$(canary)]\n1"),
    ("x=@; if [[ ! $x =~ ^[0-9]+$ ]] > /no/f; then exit 1; fi; echo $((x))", "a[$(canary)]"),
    ("x=@; if [[ $x =~ [^0-9] ]] > /no/f; then exit 1; fi; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1 > /no/f; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || exit --help; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || { exit 1; } > /no/f; echo $((x))", "a[$(canary)]"),
    ("die() { exit 1; } > /no/f; x=@; [[ $x =~ ^[0-9]+$ ]] || die; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || die; die() { exit 1; }; echo $((x))", "a[$(canary)]"),
    ("die() { [[ $1 ]] && return; exit 1; }; x=@; [[ $x =~ ^[0-9]+$ ]] || die no; echo $((x))", "a[$(canary)]"),
    ("die() { exit 1; }; unset -f die; x=@; [[ $x =~ ^[0-9]+$ ]] || die; echo $((x))", "a[$(canary)]"),
    ("die() { exit 1; }; die() { :; }; x=@; [[ $x =~ ^[0-9]+$ ]] || die; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^1$ ]] || exit 1; f() { echo $((x)); }; g() { local x=$y; f; }; g", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^1$ ]] || exit 1; f() { echo $((x)); }; x=$y f", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^1$ ]] || exit 1; f() { echo $((x)); }; x=$y; f", "a[$(canary)]"),
    ("y=@; x=1; f() { echo $((x)); }; [[ $x =~ ^1$ ]] || exit 1; x=$y; f", "a[$(canary)]"),
    ("x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; for i in 1 2; do echo $((x)); x=@; done", "a[$(canary)]"),
    (
        "x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; while :; do echo $((x)); [[ $i == 1 ]] && break; x=@; i=1; done",
        "a[$(canary)]",
    ),
    ("x=@; while [[ ! $x =~ ^[0-9]+$ ]]; do break; done; echo $((x))", "a[$(canary)]"),
    ("x=@; until [[ $x =~ ^[0-9]+$ ]]; do break; done; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ ${x%%+*} =~ ^[0-9]+$ ]] || exit 1; echo $((x))", "1+a[$(canary)]"),
    ("x=@; [[ ${x:-1} =~ ^[0-9]+$ ]] || echo no; echo $((x))", "a[$(canary)]"),
    ("x=(1 @); [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x[1]))", "a[$(canary)]"),
    ("x=(1 @); [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((${x[1]}))", "a[$(canary)]"),
    ("x=(1 @); [[ $x =~ ^[0-9]+$ ]] || exit 1; bash -c \"echo ${x[*]}\"", "$(canary)"),
    ("x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1 >&9; echo $((x))", "a[$(canary)]"),
    ("y=@; f() { local x; declare -g x=$y; }; x=1; [[ $x =~ ^1$ ]] || exit 1; f; echo $((x))", "a[$(canary)]"),
    ("y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; x+=$y; echo $((x))", "+a[$(canary)]"),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^[a-z]+$ ]] || exit 1; echo $((x))", "y"),
    ("x=@; [[ $x =~ ^[a-z]+$ ]] || exit 1; $x", "canary"),
    ("x=@; [[ $x =~ ^[a-z./]+$ ]] || exit 1; ./$x", "evil"),
    ("x=@; [[ $x =~ ^[a-z./]+$ ]] || exit 1; mkdir c; ./c$x", "/../evil"),
    ("x=@; [[ $x =~ ^[a-z./]+$ ]] || exit 1; mkdir c; . \"./c$x\"", "/../evil"),
    ("x=@; [[ $x =~ ^[a-z./]+$ ]] || exit 1; mkdir c; bash \"c$x\"", "/../evil"),
    ("x=@; [[ $x =~ ^[a-z]+$ ]] || exit 1; bash $x", "evil"),
    ("y=@; x=1; printf -vx %s \"$y\"; echo $((x))", "a[$(canary)]"),
    ("set -- 1 @; [[ $1 =~ ^[0-9]+$ ]] || exit 1; shift; echo $(($1))", "a[$(canary)]"),
    ("f() { [[ $1 =~ ^[0-9]+$ ]] || return 1; shift; echo $(($1)); }; f 1 @", "a[$(canary)]"),
    ("f() { [[ $1 =~ ^[0-9]+$ ]] || return 1; g @; }; g() { echo $(($1)); }; f 1", "a[$(canary)]"),
    ("x=@; [[ $x =~ ^[-a-z0-9=/.]+$ ]] || exit 1; git log \"$x\"", "--output=../canary"),
    ("x=@; [[ $x != -* ]] && echo ok; git log \"$x\"", "--output=../canary"),
    ("v=5; t=@; [[ $v =~ ^v?([0-9]+)$ && $t =~ ^(.*)$ ]]; n=${BASH_REMATCH[1]}; echo $((n+1))", "a[$(canary)]"),
    ("v=5; t=@; [[ $v =~ ^([0-9]+)$ && ( $t =~ (.*) || -n x ) ]]; n=${BASH_REMATCH[1]}; echo $((n+1))", "a[$(canary)]"),
    (
        "v=5; t=@; [[ $v =~ ^([0-9]+)$ && ( ! $t =~ (.*) || -n x ) ]]; n=${BASH_REMATCH[1]}; echo $((n+1))",
        "a[$(canary)]",
    ),
    ("v=5; t=@; [[ $v =~ ^([0-9]+)$ && $(echo \"$t\") =~ (.*) ]]; n=${BASH_REMATCH[1]}; echo $((n+1))", "a[$(canary)]"),
    ("v=5; t=@; [[ $v =~ ^([0-9]+)$ && $t =~ (.*) ]]; n=${BASH_REMATCH[0]}; echo $((n+1))", "a[$(canary)]"),
    ("v=5; t=@; [[ $v =~ ^([0-9]+)$ && $t =~ (.*) ]] || exit 1; echo $((BASH_REMATCH[1]))", "a[$(canary)]"),
    ("v5=@; v=v5; [[ $v =~ ^v([0-9]+)$ ]] || exit 1; echo $((BASH_REMATCH[0]))", "a[$(canary)]"),
    ("v5=@; v=v5; [[ $v =~ ^v([0-9]+)$ ]] || exit 1; n=$BASH_REMATCH; echo $((n))", "a[$(canary)]"),
    (
        "count=; t=@; [[ ! $count =~ [^0-9] && -n ${count:=$t} ]] || exit 1; for ((i=0;i<count;i++)); do break; done",
        "a[$(canary)]",
    ),
    ("v=; t=@; [[ ! $v =~ [^0-9] && -n ${v[0]:=$t} ]] || exit 1; echo $((v))", "a[$(canary)]"),
    ("v=; t=@; [[ $v = \"\" && $t = \"${v:=$t}\" ]] || exit 1; echo $((v))", "a[$(canary)]"),
    ("v=; t=@; [ \"$v\" = \"\" ] <<< \"${v:=$t}\" || exit 1; echo $((v))", "a[$(canary)]"),
    ("n=; t=@; case $n in *[!0-9]*) exit 1 ;; ${n:=$t}) ;; esac; echo $((n))", "a[$(canary)]"),
    ("n=; t=@; case $n in 1 | ${n:=$t} | '') echo $((n)) ;; esac", "a[$(canary)]"),
    ("n=; t=@; f() { :; } <<< \"${n:=$t}\"; f; echo $((n))", "a[$(canary)]"),
    ("n=; t=@; f() { cat; } <<E\n${n:=$t}\nE\nf\necho $((n))", "a[$(canary)]"),
    ("n=; t=@; for i in 1 2; do echo $((n)); { :; } <<< \"${n:=$t}\"; done", "a[$(canary)]"),
    ("x5=@; v=5; [[ $v =~ ^[0-9]+$ ]] || exit 1; n=\"x$v\"; (( n > 1 ))", "a[$(canary)]"),
    ("x5=@; v=5; w=\"x$v\"; echo $((w))", "a[$(canary)]"),
    ("x5=@; v=5; p=x; w=$p$v; echo $((w))", "a[$(canary)]"),
    ("x5=@; v=5; p=x; echo $((${p}$v))", "a[$(canary)]"),
    ("x5=@; v=5; w=x; w+=$v; echo $((w))", "a[$(canary)]"),
    ("x5=@; v=5; w=$(echo \"x$v\"); echo $((w))", "a[$(canary)]"),
    ("x5=@; v=5; w=$(printf 'x%s' \"$v\"); echo $((w))", "a[$(canary)]"),
    ("x5=@; v=5; read -r w <<< \"x$v\"; echo $((w))", "a[$(canary)]"),
    ("x5=@; v=5; [[ \"x$v\" -gt 1 ]]", "a[$(canary)]"),
    ("x5=@; v=5; w=$(echo \"$v\" | sed 's/^/x/'); echo $((w))", "a[$(canary)]"),
    ("t=@; v=5; [[ $v =~ ^[0-9]+$ ]] || exit 1; n=${v/5/t}; echo $((n))", "a[$(canary)]"),
    ("t=@; v=5; [[ $v =~ ^[0-9]+$ ]] || exit 1; n=${v//[0-9]/t}; echo $((n))", "a[$(canary)]"),
    ("t=@; v=5; [[ $v =~ ^[0-9]+$ ]] || exit 1; echo $((${v/5/t}))", "a[$(canary)]"),
    ("t=@; v=5; n=$(echo \"$v\" | tr 5 t); echo $((n))", "a[$(canary)]"),
    ("t1=@; v=51; n=${v/5/t}; echo $((n))", "a[$(canary)]"),
    ("v1=@; x=v1; [[ $x =~ ^v[0-9]+(\\.[0-9]+)*$ ]] || exit 1; p=${x##*.}; echo $((p))", "a[$(canary)]"),
    (
        "y='a[$(canary)]'; x=@; [[ $x =~ ^[a-z]+\\.[0-9]+$ ]] || exit 1; IFS=. read -r a b <<< \"$x\"; echo $((a))",
        "y.1",
    ),
    (
        "y='a[$(canary)]'; x=@; [[ $x =~ ^([a-z]+|[0-9]+\\.[0-9]+)$ ]] || exit 1; p=$(echo \"$x\" | cut -d. -f2); echo $((p))",
        "y",
    ),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^([a-z]+|[0-9]+\\.[0-9]+)$ ]] || exit 1; echo $((${x#*.}))", "y"),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^[0-9]+-[a-z]+$ ]] || exit 1; echo $((${x#*-}))", "1-y"),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^[0-9]+-[a-z]+$ ]] || exit 1; echo $((${x:2}))", "1-y"),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^v?y[0-9]*$ ]] || exit 1; n=${x#v}; echo $((n))", "vy"),
    ("shopt -s nocasematch; V5='a[$(canary)]'; x=@; [[ $x =~ ^v[0-9]+$ ]] || exit 1; n=${x#v}; echo $((n))", "V5"),
    ("cut() { echo \"$y\"; }; y=@; x=1.2; p=$(echo \"$x\" | cut -d. -f2); echo $((p))", "a[$(canary)]"),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^[0-9]+y$ ]] || exit 1; p=$(echo \"$x\" | cut -c2); echo $((p))", "1y"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || return 1; }; x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || echo no; }; x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() { shift; [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\" 1; echo $((x))", "a[$(canary)]"),
    ("check() { set -- 1; [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; x=$y; }; x=1; y=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() ( [[ $1 =~ ^[0-9]+$ ]] || exit 1 ); x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $2 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\" 1; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $2 =~ ^[0-9]+$ ]] || exit 1; }; x=@; z='1 2'; check $z \"$x\"; echo $((x))", "a[$(canary)]"),
    ("is() { [[ $1 =~ ^[0-9]+$ ]]; }; x=@; is \"$x\"; echo $((x))", "a[$(canary)]"),
    ("is() { [[ $1 =~ ^[0-9]+$ ]]; }; x=@; is \"$x\" || echo $((x))", "a[$(canary)]"),
    ("is() { [[ $1 =~ ^[0-9]+$ ]]; return 0; }; x=@; is \"$x\" && echo $((x))", "a[$(canary)]"),
    ("is() { [[ $1 =~ ^[0-9]+$ ]] || return 0; }; x=@; is \"$x\" && echo $((x))", "a[$(canary)]"),
    ("is() { [[ $1 =~ ^[0-9]+$ ]] || return; }; x=@; is \"$x\"; echo $((x))", "a[$(canary)]"),
    ("is() { [[ -n $2 ]] && return; [[ $1 =~ ^[0-9]+$ ]]; }; x=@; is \"$x\" 1 && echo $((x))", "a[$(canary)]"),
    ("r=return; is() { $r; [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; is \"$x\"; echo $((x))", "a[$(canary)]"),
    (
        "is() { for i in 1; do return; done; [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; is \"$x\"; echo $((x))",
        "a[$(canary)]",
    ),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; check() { :; }; x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\" | cat; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; (check \"$x\"); echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\" & wait; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\" >&9; echo $((x))", "a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"${x%%+*}\"; echo $((x))", "1+a[$(canary)]"),
    ("check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; x=1; check \"$x\"; x=@; echo $((x))", "a[$(canary)]"),
    ("if false; then check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }; fi; x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("x=@; check \"$x\"; echo $((x)); check() { [[ $1 =~ ^[0-9]+$ ]] || exit 1; }", "a[$(canary)]"),
    ("check() { local n=1; [[ $n =~ ^[0-9]+$ ]] || exit 1; }; n=@; check; echo $((n))", "a[$(canary)]"),
    ("check() { local n=$1; n=1; [[ $n =~ ^[0-9]+$ ]] || exit 1; }; x=@; check \"$x\"; echo $((x))", "a[$(canary)]"),
    ("check() { local n=$1; shift; [[ $n =~ ^[0-9]+$ ]] || exit 1; echo $(($1)); }; check 1 @", "a[$(canary)]"),
    ("check() { n=$1; set -- @; [[ $n =~ ^[0-9]+$ ]] || exit 1; echo $(($1)); }; check 1", "a[$(canary)]"),
    ("x=@; echo 'exit() { :; }' > lib.sh; . ./lib.sh; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))", "a[$(canary)]"),
    (
        "x=@; echo 'return() { :; }' > lib.sh; f() { [[ $1 =~ ^[0-9]+$ ]] || return 1; echo $(($1)); }; . ./lib.sh; f \"$x\"",
        "a[$(canary)]",
    ),
    (
        "x=@; echo 'exit() { :; }' > lib.sh; for i in 1 2; do if [[ $i == 2 ]]; then [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x)); fi; . ./lib.sh; done",
        "a[$(canary)]",
    ),
    (
        "x=@; echo 'exit() { :; }' > lib.sh; f() { . ./lib.sh; }; f; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))",
        "a[$(canary)]",
    ),
    (
        "x=@; echo \"x=\\$y\" > lib.sh; y=@; x=1; [[ $x =~ ^[0-9]+$ ]] || exit 1; . ./lib.sh; echo $((x))",
        "a[$(canary)]",
    ),
    ("x=@; [[ $x =~ ^[a-z]+$ ]] || exit 1; . \"$x\"", "evil"),
    ("x=@; [[ $x =~ ^[a-z./]+$ ]] || exit 1; . \"./$x\"", "evil"),
    ("x=@; case $x in dev|e*) ;; *) exit 1 ;; esac; . \"$x\"", "evil"),
    ("x=@; case $x in dev|????) ;; *) exit 1 ;; esac; . \"./$x\"; bash \"$x\"", "evil"),
    ("y='a[$(canary)]'; x=@; [[ $x =~ ^[0-9]{8}y$ ]] || exit 1; echo $((${x:010}))", "12345678y"),
];

fn filled(script: &str) -> String {
    format!("{}\n", script.replace('@', "\"${{ x }}\""))
}

#[test]
fn what_a_script_has_checked_is_taken_whatever_the_payload_is() {
    let scripts: Vec<String> = HOLDS.iter().map(|script| filled(script)).collect();
    let rows: Vec<(&str, &str)> =
        scripts.iter().flat_map(|script| HOSTILE.iter().map(move |value| (script.as_str(), *value))).collect();
    let refused = refused_of(&rows);
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn no_payload_runs_behind_a_check_that_holds() {
    let ran = Mutex::new(Vec::new());
    each(
        HOLDS,
        |_| (),
        |cage: &Cage, script| {
            for value in HOSTILE {
                let written = naive::written(&filled(script), value);
                if cage.runs(&written, &[(naive::VARIABLE.to_owned(), (*value).to_owned())]) {
                    ran.lock().expect("no holder panics").push((*script, *value));
                }
            }
        },
    );
    let ran = ran.into_inner().expect("no holder panics");
    assert!(ran.is_empty(), "{ran:#?}");
}

#[test]
fn a_check_that_does_not_hold_is_none() {
    let taken: Vec<&str> = BROKEN
        .iter()
        .filter(|(script, value)| placed(&filled(script), value).is_ok())
        .map(|(script, _)| *script)
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn each_check_that_does_not_hold_lets_its_payload_run() {
    let without = Mutex::new(Vec::new());
    each(
        BROKEN,
        |_| (),
        |cage: &Cage, (script, value)| {
            let written = naive::written(&filled(script), value);
            if !cage.runs(&written, &[(naive::VARIABLE.to_owned(), (*value).to_owned())]) {
                without.lock().expect("no holder panics").push(*script);
            }
        },
    );
    let without = without.into_inner().expect("no holder panics");
    assert!(without.is_empty(), "{without:#?}");
}
