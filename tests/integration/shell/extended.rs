//! Checks by extended patterns, `@(a|b)`, `+([0-9])`, `!(x)`, and beside expansions that are errors. The tests are those of
//! `checked`.
//!
//! In `[[ ]]` such a pattern always is one. In `case` bash reads it only where `extglob` is set by the time that it reads the
//! line, and ends the script at a line that it can't read; what it has read as a pattern is one when it runs, unless the
//! script takes `extglob` back.

/// Scripts whose check holds: `@` is the payload's text, `§` stands for a `@` of the script's own.
pub(super) const HOLDS: &[&str] = &[
    "x=@; [[ $x == +([0-9]) ]] || exit 1; echo $((x))",
    "x=@; [[ $x = +([0-9]) ]] || exit 1; echo $((x))",
    "x=@; [[ $x != +([0-9]) ]] && exit 1; echo $((x))",
    "x=@; if [[ $x == ?(-)+([[:digit:]]) ]]; then echo $((x)); fi",
    "x=@; [[ $x == §(dev|prod) ]] || exit 1; bash -c \"echo $x\"",
    "x=@; [[ $x == !(dev|prod) ]] && exit 1; bash -c \"echo $x\"",
    "x=@; [[ $x == !(*[!0-9]*|) ]] || exit 1; echo $((x))",
    "x=@; [[ $x == §(*[!0-9]*|) ]] && exit 1; echo $((x))",
    "x=@; [[ $x == +([0-9])*(.+([0-9])) ]] || exit 1; echo $((${x%%.*} + 1))",
    "x=@; [[ $x == v+([0-9]).+([0-9]) ]] || exit 1; \"$HOME/tool-$x/tool\" --version",
    "x=@; [[ $x == §(a|b|§(c|d)?(e))1 ]] || exit 1; bash -c \"echo $x\"",
    "x=@; [[ $x == §(dev|'pro'd) ]] || exit 1; bash \"env/$x.sh\"",
    "x=@; set -e; [[ $x == +([0-9]) ]]; echo $((x))",
    "shopt -u extglob; x=@; [[ $x == +([0-9]) ]] || exit 1; echo $((x))",
    "shopt -s extglob\nx=@\ncase $x in +([0-9])) ;; *) exit 1 ;; esac\necho $((x))",
    "shopt -s extglob\nx=@\ncase $x in !(dev|prod)) exit 1 ;; esac\nbash -c \"echo $x\"",
    "shopt -s extglob nullglob\nx=@\ncase $x in §(dev|prod)) bash \"deploy-$x.sh\" ;; esac",
    "shopt -s extglob\nc() { case $1 in +([0-9])) ;; *) exit 1 ;; esac; }\nx=@\nc \"$x\"\necho $((x))",
    "x=@; case $x in +([0-9])) ;; *) exit 1 ;; esac; echo $((x))",
    "x=@; shopt -s extglob; case $x in +([0-9])) ;; *) exit 1 ;; esac; echo $((x))",
    "if false; then shopt -s extglob; fi\nx=@\ncase $x in +([0-9])) ;; *) exit 1 ;; esac; echo $((x))",
    "shopt -s nocasematch; x=@; [[ $x == §(dev|prod) ]] || exit 1; bash -c \"echo $x\"",
    "x=@; a=abc\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${a: }\" \"${a::1}\" \"${a:-}\" \"${a/b}\" \"${a^}\"; exit 1; }\necho $((x))",
];

/// Scripts whose check is none, with a text that runs there.
pub(super) const BROKEN: &[(&str, &str)] = &[
    ("x=@; [[ $x == *([0-9])* ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == !([0-9]) ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == +(?) ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == +([0-9]|*) ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == +([!,]) ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == §(1|!(2)) ]] || exit 1; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == §(1|*)2 ]] || exit 1; echo $((x))", "a[$(canary)]+2"),
    ("x=@; [[ $x == !(*[!0-9]*)* ]] || exit 1; echo $((x))", "1+a[$(canary)]"),
    ("x=@; [[ $x == 1!(2) ]] || exit 1; echo $((x))", "1+a[$(canary)]"),
    ("x=@; [[ $x == '+([0-9])'* ]] || echo no; echo $((x))", "a[$(canary)]"),
    ("x=@; [[ $x == !(-*) ]] || echo ok; git log \"$x\"", "--output=../canary"),
    ("x=@; p='+([0-9])*'; [[ $x == $p ]] || exit 1; echo $((x))", "1+a[$(canary)]"),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in +([!0-9])) exit 1 ;; esac; }\nshopt -u extglob\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in §([0-9]|*)) ;; *) exit 1 ;; esac; }\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in !([0-9])) exit 1 ;; esac; }\nshopt -u extglob\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in !([0-9])) exit 1 ;; esac; }\no=-u; shopt $o extglob\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in !([0-9])) exit 1 ;; esac; }\ns=shopt; $s -u extglob\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in !([0-9])) exit 1 ;; esac; }\ncommand shopt -u extglob\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "shopt -s extglob\nx=@\nc() { case $1 in !([0-9])) exit 1 ;; esac; }\nshopt -u {extglob,nullglob}\nc \"$x\"\necho $((x))",
        "a[$(canary)]",
    ),
    ("die() { echo \"${a:}\"; exit 1; }\nx=@\n[[ $x =~ ^[0-9]+$ ]] || die no\necho $((x))", "a[$(canary)]"),
    ("x=@; l=(1)\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${l[0]:}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; l=(1)\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${l[§]:}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${§:}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; a=b\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${a:1:2:3}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; l=(1)\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${l[§]:0:1:1}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; a=b\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${#a^^}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; a=b\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${#a§Q}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; a=b\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${#a:-x}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@; l=(1)\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${l[]}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${1:=a}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${§:1:-1}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
    ("x=@\n[[ $x =~ ^[0-9]+$ ]] || { echo \"${!a}\"; exit 1; }\necho $((x))", "a[$(canary)]"),
];
