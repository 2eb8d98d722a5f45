//! Checks that something steers from elsewhere: commands that `"$@"` runs, attributes, descriptors, arrays that are not what a
//! `declare -A` says. The tests are those of `checked`.

/// Scripts whose check holds: `@` is the payload's text, `§` stands for a `@` of the script's own.
pub(super) const HOLDS: &[&str] = &[
    "run() { echo \"+ $*\"; \"$§\"; }; run echo a; x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))",
    "f() { local v=$1; [[ $v =~ ^[0-9]+$ ]] || exit 1; echo $((v)); }; f @",
    "exec > log; x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))",
    "exec 2>&1; x=@; [[ $x =~ ^[0-9]+$ ]] || exit 1; echo $((x))",
    "declare -A m\nm[@]=1\necho \"${m[@]}\"",
    "declare -A m=([a]=1) n; k=@; echo \"${m[$k]:-none}\"; n[$k]=2",
    "set -e\ntypeset -A m\nf() { m[$1]=1; }\nf @",
];

/// Scripts whose check is none, with a text that runs there.
pub(super) const BROKEN: &[(&str, &str)] = &[
    ("run() { \"$§\"; }; x=@; run readonly x\nx=5\necho $((x))", "a[$(canary)]"),
    ("x=@; c=readonly; $c x\nx=5\necho $((x))", "a[$(canary)]"),
    (
        "run() { \"$§\"; }\nx=@\nrun shopt -s failglob\necho zz*zz; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))",
        "a[$(canary)]",
    ),
    (
        "run() { \"$§\"; }\nm=@; x=1\nrun trap '[[ $n ]] && x=$m' DEBUG\n[[ $x =~ ^[0-9]+$ ]] || exit 1\nn=1\necho $((x))",
        "a[$(canary)]",
    ),
    ("x=@; declare -i i=0\nfor i in 1 08; do :; done; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("x=@\nOPTIND=1/0; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("x=@; i='a[08]'\n((i)); [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("x=@; i='a[08]'\n[[ i -eq 1 ]]; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("x=@; i='a[08]'\nlet i; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("declare -i i; x=@; k=i\nprintf -v $k 08; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("declare -i i; x=@; k=i\nread $k <<< 08; [[ $x =~ ^[0-9]+$ ]] || exit 1\necho $((x))", "a[$(canary)]"),
    ("x=@; c=-; exec 2>&$c; [[ $x =~ ^[0-9]+$ ]] || exit 1 >&2; echo $((x))", "a[$(canary)]"),
    ("f() { \\local v=$1; [[ $v =~ ^[0-9]+$ ]] || exit 1; echo $(($1)); }; f @", "5\na[$(canary)]"),
    ("declare -A m | cat\nm[@]=1", "a[$(canary)]"),
    ("declare -A m &\nm[@]=1", "a[$(canary)]"),
    ("x=$(declare -A m)\nm[@]=1", "a[$(canary)]"),
    ("declare -A m < /nope\nm[@]=1", "a[$(canary)]"),
    ("false && declare -A m\nm[@]=1", "a[$(canary)]"),
    ("declare -pA m\nm[@]=1", "a[$(canary)]"),
    ("m=(1)\ndeclare -A m\nm[@]=1", "a[$(canary)]"),
    ("read -ra m <<< 1\ndeclare -A m\nm[@]=1", "a[$(canary)]"),
    ("f() { m=(1); }\nf\ndeclare -A m\nm[@]=1", "a[$(canary)]"),
    ("declare -A m\nx=m; unset $x\nm[@]=1", "a[$(canary)]"),
    ("run() { \"$§\"; }\ndeclare -A m\nrun unset m\nm[@]=1", "a[$(canary)]"),
    ("declare() { :; }\ndeclare -A m\nm[@]=1", "a[$(canary)]"),
    ("t=0\necho $((1 / t)); declare -A m\nm[@]=1", "a[$(canary)]"),
    ("declare -A GROUPS\nGROUPS[@]=1", "a[$(canary)]"),
    ("declare -A m\nf() { m[@]=1; }\ng() { local -a m; f; }\ng", "a[$(canary)]"),
    ("cat <<E\ndeclare -A m\nE\nm=(1)\ndeclare -A m\nm[@]=1", "a[$(canary)]"),
    ("x=@; declare \"y\"=$x", "1 a[$(canary)]=2"),
    ("x=@; \\declare y=$x", "1 a[$(canary)]=2"),
    ("x=@; command declare y=$x", "1 a[$(canary)]=2"),
    ("f() { \\local y=$1; }; f @", "1 a[$(canary)]=2"),
    ("x=@; awk -v v=$x '{print v}' f", "1 BEGIN{system(\"canary\")}"),
];
