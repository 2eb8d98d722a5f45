//! What is refused: for every value, or for all but inert ones.

use super::running::placed;
use pipehook::shell::{Entrance, HOLES_MAX, VALUE_BYTES_MAX};

/// Scripts that no value may enter.
pub(super) const NEVER: &[&str] = &[
    "powershell -c \"${{ x }}\"",
    "${{ x }}",
    "${{ x }} --version",
    "./bin/${{ x }}",
    "sudo ${{ x }}",
    "timeout 5 ${{ x }}",
    "env A=1 ${{ x }}",
    "nice -n 5 ${{ x }}",
    "eval ${{ x }}",
    "eval \"${{ x }}\"",
    "n=${{ x }}; eval \"$n\"",
    "n=${{ x }}; m=$n; $m",
    "n=${{ x }}; bash -c \"$n\"",
    "n=${{ x }}; bash -c 'eval \"$1\"' _ \"$n\"",
    "f() { eval \"$1\"; }; f ${{ x }}",
    "f() { g \"$@\"; }; g() { $1; }; f ${{ x }}",
    "set -- ${{ x }}; eval \"$1\"",
    "read -r n <<< \"${{ x }}\"; eval \"$n\"",
    "echo ${{ x }} | while read -r l; do $l; done",
    "echo ${{ x }} | { read n; eval $n; }",
    "mapfile -t a <<< ${{ x }}; eval \"${a[0]}\"",
    "printf -v n %s \"${{ x }}\"; eval \"$n\"",
    "n=\"${U:-${{ x }}}\"; eval \"$n\"",
    ": \"${n:=${{ x }}}\"; eval \"$n\"",
    "n=$(echo ${{ x }}); $n",
    "for f in ${{ x }}; do $f; done",
    "a=(${{ x }}); \"${a[@]}\"",
    "bash ${{ x }}",
    "bash -c ${{ x }}",
    "sh -c \"${{ x }} a\"",
    "echo ${{ x }} | bash",
    "echo ${{ x }} | sudo bash",
    "bash <<< ${{ x }}",
    "bash < <(echo ${{ x }})",
    "echo ${{ x }} > f; bash f",
    "echo ${{ x }} > f; . ./f",
    "echo ${{ x }} | tee f; bash f",
    "echo ${{ x }} > f; cp f g; ./g",
    "f=$(mktemp); cat > \"$f\" <<< ${{ x }}; bash \"$f\"",
    "echo ${{ x }} > $(cat name); bash run",
    "echo ${{ x }} > build.sh",
    "echo ${{ x }} > .git/hooks/pre-commit",
    "source ${{ x }}",
    "source <(echo ${{ x }})",
    ". /dev/stdin <<< ${{ x }}",
    "trap ${{ x }} EXIT",
    "alias z=${{ x }}",
    "PATH=${{ x }}",
    "export PATH=${{ x }}",
    "read PATH <<< ${{ x }}",
    "BASH_ENV=${{ x }} bash -c true",
    "LD_PRELOAD=${{ x }} ls",
    "${{ x }}=1",
    "a${{ x }}=1",
    "export ${{ x }}=1",
    "declare \"${{ x }}=1\"",
    "declare -n r=${{ x }}; echo $r",
    "read ${{ x }} <<< 1",
    "read -a ${{ x }} <<< 1",
    "printf -v ${{ x }} 1",
    "unset ${{ x }}",
    "getopts ${{ x }} o",
    "for ${{ x }} in a; do :; done",
    "function ${{ x }} { :; }",
    "${{ x }}() { :; }",
    "echo \"${${{ x }}}\"",
    "echo \"$${{ x }}}\"; echo \"a$${{ x }}${y\"",
    "v=${{ x }}; echo \"${!v}\"",
    "v=${{ x }}; echo \"${v@P}\"",
    "[ -v ${{ x }} ]",
    "[[ -v ${{ x }} ]]",
    "cat <<${{ x }}\n${{ x }}",
    "echo \\${{ x }}",
    "echo \"\\${{ x }}\"",
    "echo $'\\${{ x }}'",
    "echo `echo \\`echo ${{ x }}\\``",
    "echo \"${{ x }}",
    "echo '${{ x }}",
    "if true; then echo ${{ x }}",
    "echo ${{ x }} )",
    "cat <<E\n${{ x }}",
    "cat < /dev/tcp/${{ x }}/80",
    "find . -exec ${{ x }} \\;",
    "xargs -I{} sh -c '{}' <<< ${{ x }}",
    "echo ${{ x }} | xargs sh -c",
    "git -c ${{ x }} status",
    "git ${{ x }}",
    "python3 -m ${{ x }}",
    "python3 ${{ x }}",
    "echo ${{ x }} | python3",
    "node -r ${{ x }} a.js",
    "ssh host ${{ x }}",
    "docker exec c sh -c \"${{ x }}\"",
    "docker run --entrypoint ${{ x }} i",
    "rsync -e ${{ x }} a b",
    "tar cf a --use-compress-program=${{ x }} b",
    "tar cf a --use-compress-program ${{ x }} b",
    "crontab <<< ${{ x }}",
    "make SHELL=${{ x }}",
    "sh=bash; $sh -c ${{ x }}",
    "$SHELL -c \"echo ${{ x }}\"",
    "echo ${{ x }} | $SHELL",
    "echo ${{ x }} > >(bash)",
    "echo ${{ x }} | tee >(bash)",
    "f=run; echo ${{ x }} > $f; bash run",
    "echo ${{ x }} > run; f=run; bash $f",
    "mkdir d; cd d; echo ${{ x }} > run; cd ..; bash d/run",
    "echo ${{ x }} | dd of=run; bash run",
    "sed -i \"s/a/${{ x }}/\" run; bash run",
    "echo {1..${{ x }}}",
    "echo H=${{ x }} >> \"$GITHUB_ENV\"",
    "echo() { eval \"$@\"; }; echo ${{ x }}",
    "compgen -C ${{ x }}",
    "wait -p ${{ x }}",
    "RANDOM=${{ x }}",
    "env -i bash -c \"${{ x }}\"",
    "flock f ${{ x }}",
    "flock f -c \"${{ x }}\"",
    "flock -n 9 --command=\"${{ x }}\"",
    "fish -c \"${{ x }}\"",
    "capsh -- -c \"${{ x }}\"",
    "jshell <<< \"${{ x }}\"",
    "command ${{ x }}",
    "exec 3< <(echo ${{ x }}); read -u 3 n; eval \"$n\"",
    "eval \"$PIPEHOOK_1\" ${{ x }}",
    "coproc echo ${{ x }}",
    "sed '${{ x }}' f",
    "sed 's/a/b/${{ x }}' f",
    "sed \"s/a/${{ x }}/e\" f",
    "export BASH_ENV=./e; echo ${{ x }} > e; bash -c true",
    "env ENV=./e sh -c true; echo ${{ x }} > e",
    "awk -v x=${{ x }} 'BEGIN { system(x) }'",
    "x=${{ x }} awk 'BEGIN { system(ENVIRON[\"x\"]) }'",
    "perl -e 'system($ARGV[0])' ${{ x }}",
    "python3 -c 'import os,sys; os.system(sys.argv[1])' ${{ x }}",
    "export x=${{ x }}; env | while read -r l; do eval \"$l\"; done",
    "tar cfI x ${{ x }} y",
    "tar -cfI x ${{ x }} y",
    "rsync -ave ${{ x }} a b",
    "git grep -O${{ x }} x",
    "e=eval; $e ${{ x }}",
    "echo ${{ x }} > package.json; npm run x",
    "docker exec c ${{ x }}",
    "docker exec -i c bash <<< ${{ x }}",
    "echo ${{ x }} | docker exec -i c sh",
    "echo ${{ x }} | docker run -i --rm -v a:b image bash -s",
    "docker exec c bash -c ${{ x }}",
    "docker run --rm image ${{ x }}",
    "docker run ${{ x }}",
    "docker run ${{ x }}/app",
    "docker compose exec -T web ${{ x }}",
    "kubectl exec p -- ${{ x }}",
    "kubectl exec -it p -c main -- sh -c ${{ x }}",
    "kubectl exec -i p -- sh <<EOF\n${{ x }}\nEOF",
    "kubectl exec p -- eval ${{ x }}",
    "poetry run ${{ x }}",
    "poetry run bash -c ${{ x }}",
    "poetry run python -c \"a\\${{ x }}\"",
    "bundle exec ${{ x }}",
    "npm run ${{ x }}",
    "npm exec -c ${{ x }}",
    "npx ${{ x }}",
    "go run ${{ x }}",
    "deno run ${{ x }}",
    "pip install ${{ x }}",
    "npm install -g ${{ x }}",
    "curl -K ${{ x }} u",
    "curl --config ${{ x }} u",
    "wget --use-askpass=${{ x }} u",
    "env -S ${{ x }}",
    "env -S\"${{ x }}\"",
    "env --split-string=${{ x }}",
    "env ${{ x }} ls",
    "git -c core.pager=${{ x }} log",
    "git -c \"${{ x }}\" log",
    "git --exec-path=${{ x }} log",
    "git -C d submodule foreach ${{ x }}",
    "git bisect run ${{ x }}",
    "git filter-branch --tree-filter ${{ x }}",
    "git rebase -x ${{ x }} main",
    "git clone -u ${{ x }} r",
    "git clone --upload-pack=${{ x }} r",
    "git config alias.x ${{ x }}",
    "ssh -o ProxyCommand=${{ x }} host",
    "ssh -oProxyCommand=${{ x }} host",
    "ssh -o \"ProxyCommand ${{ x }}\" host",
    "rsync --rsh=${{ x }} a b",
    "rsync --rsync-path=${{ x }} a b",
    "scp -S ${{ x }} a b",
    "tar xf a --to-command=${{ x }}",
    "tar cf a --checkpoint=1 --checkpoint-action=exec=${{ x }} b",
    "tar cf a --checkpoint-action ${{ x }} b",
    "tar -I ${{ x }} -cf a b",
    "make -f ${{ x }}",
    "make -f - <<< ${{ x }}",
    "make -e SHELL=${{ x }}",
    "make MAKEFLAGS=${{ x }}",
    "echo ${{ x }} | xargs -I{} bash -c 'echo {}'",
    "echo ${{ x }} | xargs -n1 env",
    "parallel echo ::: ${{ x }}",
    "echo ${{ x }} | parallel",
    "find . -exec sh -c ${{ x }} \\;",
    "find . -execdir ${{ x }} {} +",
    "awk '{ print | \"sh\" }' <<< ${{ x }}",
    "echo ${{ x }} | awk '{ print > $1 }'",
    "awk '{ $1 | getline }' <<< ${{ x }}",
    "awk -f ${{ x }} f",
    "echo ${{ x }} | sed 's/.*/&/e'",
    "sed '1e ls' <<< ${{ x }}",
    "sed -n '/x/w ${{ x }}' f",
    "printf \"-${{ x }}\"",
    "printf -${{ x }} a",
    "printf \"-v${{ x }}\" a",
    "read -r \"${{ x }}\"",
    "read -p a ${{ x }} <<< 1",
    "mapfile -C ${{ x }} -c 1 a",
    "mapfile -C eval -c 1 a <<< ${{ x }}",
    "readarray -c 1 -C 'f' a < <(echo ${{ x }})",
    "test -v ${{ x }}",
    "test -v \"a[${{ x }}]\"",
    "[ ! -v ${{ x }} ]",
    "[[ -R ${{ x }} ]]",
    "declare -A m=(\"${{ x }}\" 1); for k in \"${!m[@]}\"; do eval \"$k\"; done",
    "a=(\"${{ x }}\"); echo \"${!a[0]}\"",
    "declare ${{ x }}",
    "declare -p ${{ x }}",
    "declare \"a[${{ x }}]=1\"",
    "typeset -n r=${{ x }}",
    "local -n r=${{ x }}",
    "export -n ${{ x }}",
    "readonly ${{ x }}=1",
    "set -- ${{ x }}; echo \"${!1}\"",
    "echo '${{ x }}' | envsubst",
    "envsubst <<EOF\n${{ x }}\nEOF",
    "redis-cli eval ${{ x }} 0",
    "tmux send-keys -t a ${{ x }} Enter",
    "hyperfine ${{ x }}",
    "sshpass -p a ssh host ${{ x }}",
    "gcc -fplugin=${{ x }} a.c",
    "openssl req -config ${{ x }}",
    "exec 3>${{ x }}; exec 4<&${{ x }}",
    "echo a >&${{ x }}",
    "echo a ${{ x }}>&2 | ${{ x }}",
    "bash -c 'eval \"$0\"' ${{ x }}",
    "bash -c '$0' ${{ x }}",
    "bash -c '$0' $empty ${{ x }}",
    "sh -c '. \"$0\"' ${{ x }}",
    "bash -c 'f() { eval \"$1\"; }; f \"$0\"' ${{ x }}",
    "bash -c 'BASH_ARGV0=$1' _ ${{ x }}",
    "find . -exec bash -c 'eval \"$0\"' ${{ x }} \\;",
    "xargs -I% bash -c 'eval \"$0\"' ${{ x }}",
    "env bash -c 'eval \"$0\"' ${{ x }}",
    "flock x -c ${{ x }}",
    "flock x --command ${{ x }}",
    "flock -w 5 x -c ${{ x }} extra",
    "runuser -l root -c ${{ x }}",
    "su root -c ${{ x }}",
    "sg root -c ${{ x }}",
    "sg root \"echo ${{ x }}\"",
    "capsh -- -c ${{ x }}",
    "newgrp root ${{ x }}",
    "script -c ${{ x }}",
    "awk -f - <<< ${{ x }}",
    "echo ${{ x }} | awk -f /dev/stdin",
    "sed -f - f <<< ${{ x }}",
    "sed -f- f <<< ${{ x }}",
    "sed -nf - f <<< ${{ x }}",
    "sed --file=/dev/stdin f <<< ${{ x }}",
    "echo a | sed -f /dev/fd/3 3<<< ${{ x }}",
    "sed -f /dev/fd/3 f 3<<< ${{ x }} < f",
    "jq -f /dev/stdin f <<< ${{ x }}",
    "echo ${{ x }} > p; awk -f p f",
    "echo ${{ x }} > p; sed -fp f",
    "psql -f - <<< ${{ x }}",
    "python3 /dev/stdin <<< ${{ x }}",
    "python3 /dev/fd/3 3<<< ${{ x }}",
    "vim -es \"+${{ x }}\" +q",
    "vim -c ${{ x }}",
    "nvim --cmd ${{ x }}",
    "vi +${{ x }} f",
    "ex -s \"+${{ x }}\" +q",
    "emacs --batch --eval ${{ x }}",
    "nano +${{ x }}",
    "perl -ne print ${{ x }}",
    "perl -pe 1 ${{ x }}",
    "perl -i -pe 1 \"a/${{ x }}\"",
    "perl -e 'while (<>) { print }' ${{ x }}",
    "perl -e 'open(F, $ARGV[0])' ${{ x }}",
    "fish -c \"echo ${{ x }}\"",
    "poetry run fish -c \"echo ${{ x }}\"",
    "fish -c 'eval $argv' ${{ x }}",
    "tcsh -c ${{ x }}",
    "csh -c \"echo ${{ x }}\"",
    "zsh -c \"echo ${{ x }}\"",
    "ksh -c 'echo $1' _ ${{ x }}",
    "pwsh -Command \"echo ${{ x }}\"",
    "powershell -c ${{ x }}",
    "deno eval \"console.log('${{ x }}')\"",
    "ghc -e ${{ x }}",
    "nc -c ${{ x }} h 1",
    "ncat -e ${{ x }} h 1",
    "ncat --sh-exec ${{ x }} h 1",
    "fd . -x ${{ x }}",
    "rg --pre ${{ x }} a",
    "rg --pre=${{ x }} a",
    "lldb -o ${{ x }}",
    "gdb -batch -ex ${{ x }}",
    "mutt -e ${{ x }}",
    "lftp -e ${{ x }}",
    "lftp -c \"ls ${{ x }}\"",
    "heroku run \"echo ${{ x }}\"",
    "vagrant ssh -c ${{ x }}",
    "autossh h ${{ x }}",
    "mosh h ${{ x }}",
    "salt m cmd.run ${{ x }}",
    "fly ssh console -C ${{ x }}",
    "helm upgrade --post-renderer ${{ x }} a b",
    "helm upgrade --post-renderer=${{ x }} a b",
    "git merge -s ${{ x }} a",
    "git merge --strategy=${{ x }} a",
    "git send-email --smtp-server ${{ x }} a",
    "git send-email --smtp-server=${{ x }} a",
];

/// Scripts that take only an integer.
pub(super) const INTEGERS: &[&str] = &[
    "integer() { declare -gi \"$1\"; }; integer n; n=${{ x }}; echo $n",
    "f() { local -i \"$1\"; n=${{ x }}; }; f n",
    "for v in n m; do declare -i \"$v\"; done; n=${{ x }}",
    "for v in n; do typeset -i \"$v=0\"; done; n=${{ x }}",
    "T=${{ x }}; f() { return $(( $1 )); }; f T",
    "T=${{ x }}; f() { (( $1 > 0 )); }; f T",
    "T=${{ x }}; f() { [[ $1 -eq 0 ]]; }; f T",
    "T=${{ x }}; f() { a=(1 2); echo \"${a[$1]}\"; }; f T",
    "T=${{ x }}; f() { let \"x=$1\"; }; f T",
    "T=${{ x }}; a=(1 2); f() { test -v \"$1\"; }; f \"a[T]\"",
    "T=${{ x }}; a=(1 2); f() { [[ -v $1 ]]; }; f \"a[T]\"",
    "T=${{ x }}; a=(1 2); f() { printf -v \"$1\" x; }; f \"a[T]\"",
    "T=${{ x }}; f() { exit $(( $1 )); }; f T",
    "T=${{ x }}; x=abc; f() { echo \"${x:$1:1}\"; }; f T",
    "T=${{ x }}; a=(1); f() { unset \"a[$1]\"; }; f T",
    "T=${{ x }}; f() { local -i x; x=$1; }; f T",
    "T=${{ x }}; f() { for ((i=0; i<$1; i++)); do :; done; }; f T",
    "T=${{ x }}; f() { local m=$1; g \"$m\"; }; g() { (( $1 )); }; f T",
    "T=${{ x }}; for n in T U; do echo $((n)); done",
    "T=${{ x }}; for n in T U; do echo $(($n)); done",
    "T=${{ x }}; read -r n <<< T; (( n )) || :",
    "T=${{ x }}; set -- T; echo $(( $1 ))",
    "T=${{ x }}; n=$(echo T); echo $((n))",
    "T=${{ x }}; n=${U:-T}; echo $((n))",
    "T_x=${{ x }}; f() { echo $(( $1_x )); }; f T",
    "n_T=${{ x }}; for k in T; do (( n_$k > 1 )) || :; done",
    "export T=${{ x }}; bash -c 'echo $(( $1 ))' _ T",
    "f() { eval \"$1=\\$2\"; }; f out \"${{ x }}\"; echo $((out))",
    "curl \"http:${{ x }}\"",
    "echo $((${{ x }} + 1))",
    "echo $[ ${{ x }} ]",
    "((n = ${{ x }}))",
    "let n=${{ x }}",
    "let \"n = ${{ x }} + 1\"",
    "for ((i = 0; i < ${{ x }}; i++)); do :; done",
    "[[ ${{ x }} -gt 5 ]]",
    "[[ 5 -eq \"${{ x }}\" ]]",
    "n=${{ x }}; [[ $n -gt 5 ]]",
    "n=${{ x }}; [[ n -gt 5 ]]",
    "n=${{ x }}; echo $((n))",
    "n=${{ x }}; echo $((a[n]))",
    "n=${{ x }}; m=$n; echo $((m + 1))",
    "n=${{ x }}; trap '((n))' EXIT",
    "bash -c '((n = $0))' ${{ x }}",
    "bash -c '[[ $0 -eq 1 ]]' ${{ x }}",
    "declare -A m=([${{ x }}]=1); for k in \"${!m[@]}\"; do echo $((k)); done",
    "declare -A m=(\"${{ x }}\" 1); for k in \"${!m[@]}\"; do echo $((k)); done",
    "o=-A; declare $o m=(\"${{ x }}\" 1); for k in \"${!m[@]}\"; do echo $((k)); done",
    "m=(\"${{ x }}\" 1); . ./lib.sh; for k in \"${!m[*]}\"; do echo $((k)); done",
    "declare -i n; n=${{ x }}",
    "declare -i n=${{ x }}",
    "a[${{ x }}]=1",
    "a=([${{ x }}]=1)",
    "echo ${a[${{ x }}]}",
    "n=${{ x }}; echo ${a[$n]}",
    "v=abc; echo \"${v:${{ x }}}\"",
    "v=abc; echo \"${v:0:${{ x }}}\"",
    "v=abc; n=${{ x }}; echo \"${v:n}\"",
    "exit ${{ x }}",
    "n=${{ x }}; unset 'a[n]'",
    "n=${{ x }}; [ -v 'a[n]' ]",
    "bash -c \"((n = ${{ x }}))\"",
    "bash -c '((n = $1))' _ ${{ x }}",
    "read -r n <<< \"${{ x }}\"; echo $((n))",
    "exec < <(echo ${{ x }}); read n; echo $((n))",
    "printf -v 'a[i]' x; i=${{ x }}",
    "python3 -c \"print(${{ x }})\"",
    "awk '{ print ${{ x }} }' f",
    "x=${{ x }}; y=x; echo $((y))",
    "x=${{ x }}; y=x; z=$y; echo $((z))",
    "x=${{ x }}; y=\"x\"; echo $((${y}))",
    "x=${{ x }}; declare -i n; n=x; echo $n",
    "x=${{ x }}; declare y=x; [[ $y -gt 1 ]]",
    "let 'n += 1' ${{ x }}",
    "n=${{ x }}; let n++",
    "n=${{ x }}; ((n++))",
    "n=${{ x }}; until ((n > 3)); do :; done",
    "echo \"${@:${{ x }}}\"",
    "a=(1 2); echo \"${a[@]:${{ x }}:1}\"",
    "n=${{ x }}; a[n]=1",
    "n=${{ x }}; printf -v 'a[n]' x",
    "n=${{ x }}; read -r 'a[n]' <<< 1",
    "kubectl exec p -- bash -c \"echo $((${{ x }} + 1))\"",
    "bc <<< \"${{ x }} + 1\"",
    "declare -ai n=(\"${{ x }}\")",
    "declare -i -a n=(1 \"${{ x }}\")",
    "declare -Ai n=([k]=\"${{ x }}\")",
    "typeset -ia n=(\"${{ x }}\")",
    "f() { printf -v \"$1\" %s \"$2\"; }; f N ${{ x }}; (( N > 3 ))",
    "f() { local n=$1; printf -v \"$n\" %s \"$2\"; }; f N ${{ x }}; [[ $N -gt 3 ]]",
    "f() { read -r \"$1\" <<< ${{ x }}; }; f N; echo $((N + 1))",
    "f() { read -r $1; }; f N <<< ${{ x }}; echo $((N + 1))",
    "f() { IFS=, read -ra \"$1\" <<< ${{ x }}; }; f N; echo $((N[0] + 1))",
    "for n in A B; do printf -v \"$n\" %s ${{ x }}; done; echo $((A + B))",
    "for n in A B; do mapfile -t \"$n\" <<< ${{ x }}; done; echo $((A + B))",
    "x=${{ x }}; printf -v n %s x; echo $((n))",
    "printf '(( N > 1 ))\\n' > s; N=${{ x }}; . ./s",
];

/// Scripts that take only plain values.
pub(super) const PLAIN: &[&str] = &[
    "runuser root -c \"echo ${{ x }}\"",
    "ssh host <<EOF\necho ${{ x }}\nEOF",
    "prog -${{ x }}",
    "prog --${{ x }}=1",
    "timeout ${{ x }} true",
    "echo ${{ x }} | xargs rm",
    "python3 -c \"print('${{ x }}')\"",
    "python3 <<'EOF'\nprint('${{ x }}')\nEOF",
    "ssh host \"echo ${{ x }}\"",
    "sudo sh -c \"echo ${{ x }}\"",
    "declare -a n=${{ x }}",
    "docker exec c sh -c \"echo ${{ x }}\"",
    "docker run --rm -e A=1 -v \"$PWD:/w\" image sh -c 'echo ${{ x }}'",
    "kubectl -n prod exec deploy/web -- sh -c \"echo ${{ x }}\"",
    "poetry run python -c \"print('${{ x }}')\"",
    "find . -exec sh -c \"echo ${{ x }}\" \\;",
    "make TAG=${{ x }} all",
    "pip install \"app==${{ x }}\"",
    "curl --data-urlencode \"${{ x }}\" u",
    "X=(a); declare X=${{ x }}",
    "X=(a); v=${{ x }}; declare X=\"($v)\"",
    "X[0]=1; declare X=\"${{ x }}\"",
    "read -a X <<< a; typeset X=\"${{ x }}\"",
    "f() { local -a X; local X=\"${{ x }}\"; }; f",
    "mvn \"${{ x }}\"",
    "mvn -B \"${{ x }}\" install",
    "sbt \"${{ x }}\"",
    "./gradlew \"${{ x }}\"",
    "./configure \"${{ x }}\"",
    "o=-v; [ \"$o\" ${{ x }} ]",
    "o=-v; if test $o ${{ x }}; then :; fi",
    "f() { [ \"$1\" \"$2\" ]; }; f -v ${{ x }}",
    "ssh host bash -s -- ${{ x }}",
    "ssh host 'bash -s' -- ${{ x }} < deploy.sh",
    "[ ! \"$o\" ${{ x }} ]",
    "ansible-playbook --extra-vars=\"v=${{ x }}\" a.yml",
    "yq e \".t = \\\"${{ x }}\\\"\" f",
    "rpmbuild --define \"v ${{ x }}\" a.spec",
];

/// Scripts that take all but what makes a program read a file.
const NO_FILES: &[&str] = &[
    "curl -d ${{ x }} u",
    "curl -sd \"${{ x }}\" u",
    "curl --data-binary \"${{ x }}\" u",
    "curl -F \"title=${{ x }}\" u",
    "curl -H ${{ x }} u",
    "http POST u title=${{ x }}",
    "gh api -F body=${{ x }} u",
];

/// Scripts that take the name of a file.
pub(super) const NAMES: &[&str] = &[
    "echo hi > ${{ x }}",
    "echo hi > \"out/${{ x }}.txt\"",
    "cat < ${{ x }}",
    "n=${{ x }}; echo hi > \"$n\"",
    "curl -o ${{ x }} u",
    "sort -o ${{ x }} f",
    "echo a | tee ${{ x }}",
    "echo a | tee -a out/${{ x }}",
    "shuf -o ${{ x }} f",
    "kubectl apply -f \"${{ x }}\"",
    "find . -fprintf ${{ x }} %p",
    "curl -sLo \"out/${{ x }}.bin\" u",
    "curl --output ${{ x }} u",
    "curl -T ${{ x }} u",
    "wget -O ${{ x }} u",
    "dd if=/dev/zero of=${{ x }} count=1",
    "sort f --output=${{ x }}",
    "curl --libcurl ${{ x }} u",
    "curl --trace ${{ x }} u",
    "curl --stderr ${{ x }} u",
    "wget --save-cookies ${{ x }} u",
    "tar cf a.tar -g ${{ x }} f",
    "tar cvf a.tar --index-file=${{ x }} f",
    "uniq f ${{ x }}",
    "xxd f ${{ x }}",
    "git config -f ${{ x }} user.name a",
];

/// Scripts that take all but an option.
const NO_OPTIONS: &[&str] =
    &["prog ${{ x }}", "prog \"${{ x }}\"", "prog a b \"${{ x }}c\"", "n=${{ x }}; prog \"$n\"", "git log -m ${{ x }}"];

#[track_caller]
fn assert_accepted(script: &str, value: &str) {
    if let Err(refusals) = placed(script, value) {
        panic!("{script} refuses {value:?}: {refusals:?}");
    }
}

#[track_caller]
fn assert_value_refused(script: &str, value: &str) {
    match placed(script, value) {
        Ok(placed) => panic!("{script} takes {value:?}: {}", placed.script),
        Err(refusals) => assert!(refusals[0].value_dependent, "{script} refuses every value: {refusals:?}"),
    }
}

#[test]
fn code_names_and_unreadable_scripts_take_no_value() {
    let placed: Vec<&&str> = NEVER
        .iter()
        .filter(|script| !matches!(placed(script, "plain"), Err(refusals) if !refusals[0].value_dependent))
        .collect();
    assert!(placed.is_empty(), "these take a value: {placed:#?}");
}

#[test]
fn arithmetic_takes_integers_only() {
    for script in INTEGERS {
        ["0", "7", "-12", "123456789012345678"].iter().for_each(|value| assert_accepted(script, value));
        ["", "a", "a[$(id)]", "007", "1 ", "1\n", "--1", "1234567890123456789", "٣"]
            .iter()
            .for_each(|value| assert_value_refused(script, value));
    }
}

#[test]
fn files_options_and_program_texts_take_plain_values_only() {
    for script in PLAIN {
        ["a", "main", "v1.2_x+y-z", "7"].iter().for_each(|value| assert_accepted(script, value));
        ["", "..", "-a", "a/b", "a b", "a;b", "$x", "a\n", "é"]
            .iter()
            .for_each(|value| assert_value_refused(script, value));
        assert_value_refused(script, &"x".repeat(256));
    }
}

#[test]
fn a_file_takes_a_name_and_no_path() {
    for script in NAMES {
        ["a", "main", "v1.2_x+y-z", "7", "a b", "é"].iter().for_each(|value| assert_accepted(script, value));
        ["", "..", "-a", "a/b", "a;b", "$x", "a\n", ".env"]
            .iter()
            .for_each(|value| assert_value_refused(script, value));
        assert_value_refused(script, &"x".repeat(256));
    }
}

#[test]
fn an_argument_of_a_program_takes_everything_but_an_option() {
    for script in NO_OPTIONS {
        ["a b", "- item", "a --exec=x", "$(id)", "*"].iter().for_each(|value| {
            let is_split = script.contains("$n") && !script.contains("\"$n\"");
            if !is_split {
                assert_accepted(script, value);
            }
        });
        // Another value may stand behind a `-` alone.
        ["-x", "--exec=touch a", "-1", "-"].iter().for_each(|value| assert_value_refused(script, value));
    }
    assert_accepted("prog -- ${{ x }}", "-x");
    assert_accepted("prog --title=${{ x }}", "-x");
    assert_value_refused("n=${{ x }}; prog $n", "a -x");
}

#[test]
fn what_echo_would_take_for_an_option_is_refused() {
    for value in ["-n", "-e", "-neE"] {
        assert_value_refused("echo ${{ x }}", value);
        assert_value_refused("echo -n ${{ x }}", value);
        assert_accepted("echo text ${{ x }}", value);
        assert_accepted("echo \"T: ${{ x }}\"", value);
    }
    ["-v", "--exec", "-", "-n x"].iter().for_each(|value| assert_accepted("echo ${{ x }}", value));
}

#[test]
fn a_format_takes_no_directives() {
    assert_accepted("printf \"${{ x }}\\n\"", "hello world");
    assert_value_refused("printf \"${{ x }}\\n\"", "100%");
    assert_value_refused("printf \"${{ x }}\\n\"", "-v");
    assert_accepted("printf '%s\\n' ${{ x }}", "-v 100% \\n");
}

#[test]
fn what_is_sent_does_not_become_the_name_of_a_file() {
    for script in NO_FILES {
        ["a b", "a@b.example", "$(id)", "it's <b>"].iter().for_each(|value| assert_accepted(script, value));
        ["@/etc/passwd", "@-", "<secret"].iter().for_each(|value| assert_value_refused(script, value));
    }
    assert_accepted("curl -d \"title=x ${{ x }}\" u", "@octocat");
    assert_accepted("curl --data-urlencode \"title=${{ x }}\" u", "@octocat");
    assert_accepted("curl --data-raw ${{ x }} u", "@octocat");
    assert_value_refused("aws sns publish --message ${{ x }}", "file:///etc/passwd");
}

#[test]
fn a_header_and_a_subject_are_one_line() {
    for script in
        ["curl -H \"X-Title: ${{ x }}\" u", "mail -s \"${{ x }}\" a@example.com", "git -c user.name=${{ x }} commit"]
    {
        assert_accepted(script, "it's 5 o'clock");
        assert_value_refused(script, "a\r\nBcc: b@example.com");
        assert_value_refused(script, "a\nb");
    }
}

#[test]
fn a_variable_of_awk_keeps_its_characters() {
    for script in
        ["awk -v x=${{ x }} '{ print x }' f", "awk -v \"x=${{ x }}\" '{ print x }' f", "awk '{ print x }' x=${{ x }} f"]
    {
        assert_accepted(script, "a \"b\" $(id)");
        assert_value_refused(script, "a\\nb");
    }
}

#[test]
fn a_path_on_another_machine_is_of_plain_characters() {
    for script in [
        "scp a \"host:dist/${{ x }}\"",
        "rsync -a a \"host:${{ x }}\"",
        "tar czf ${{ x }} d",
        "rsync -a ${{ x }} host:d",
    ] {
        assert_accepted(script, "v1.2/web-shop");
        ["a;id", "$(id)", "a b", "../x", "host:x", "-e x"].iter().for_each(|value| assert_value_refused(script, value));
    }
}

#[test]
fn a_file_that_a_pattern_gives_to_a_program_is_no_option() {
    for script in [
        "touch \"up/${{ x }}\"; cd up; sed -i s/a/b/ *",
        "touch \"up/${{ x }}\"; cd up; tar czf ../all.tgz *",
        "mkdir -p ${{ x }}; rm *.tmp",
        "mkdir -p ${{ x }}; sort ?",
        "cp a \"up/${{ x }}\"; cd up; sudo chown app [a-z-]*",
    ] {
        ["a b", "a/b.tmp", "- x", "it's"].iter().for_each(|value| assert_accepted(script, value));
        ["--expression=1e touch a", "-rf", "--checkpoint=1", "a/-x"]
            .iter()
            .for_each(|value| assert_value_refused(script, value));
    }
    for script in
        ["touch \"up/${{ x }}\"; cd up; rm -- *", "touch \"up/${{ x }}\"; rm ./*", "touch \"up/${{ x }}\"; echo *"]
    {
        assert_accepted(script, "a/-x");
    }
    assert_value_refused("mkdir -p ${{ x }}; [ * ]", "a[1]");
}

#[test]
fn a_path_that_is_changed_stays_below_its_folder() {
    assert_accepted("rm -rf \"build/${{ x }}\"", "a b/c");
    assert_value_refused("rm -rf \"build/${{ x }}\"", "../..");
    assert_value_refused("rm -rf ${{ x }}", "/");
    assert_value_refused("rm -rf \"build/.${{ x }}\"", "./x");
    for script in [
        "rm -rf \"releases/${{ x }}\"",
        "find \"cache/${{ x }}\" -type f -delete",
        "find cache/${{ x }} -exec rm {} +",
        "cd \"work/${{ x }}\" && rm -rf -- *",
        "pushd ${{ x }}",
        "sed -i s/a/b/ \"conf/${{ x }}\"",
        "tar xf a.tar -C ${{ x }}",
        "tar -xzC \"${{ x }}\" -f a.tar",
        "unzip a.zip -d ${{ x }}",
        "git clean -fdx ${{ x }}",
        "git init -q ${{ x }}",
        "git worktree add ${{ x }}",
        "git clone https://example.com/a.git ${{ x }}",
        "git bundle create ${{ x }} HEAD",
        "mkfifo ${{ x }}",
        "curl -F \"f=@${{ x }}\" https://example.com",
        "curl -d @\"${{ x }}\" https://example.com",
    ] {
        ["a", "v1/web shop", "./a"].iter().for_each(|value| assert_accepted(script, value));
        ["", ".", "./", "../other", "a/../../b", "/etc"].iter().for_each(|value| assert_value_refused(script, value));
    }
    assert_accepted("find \"src/${{ x }}\" -name '*.md'", "../docs");
}

#[test]
fn an_address_that_a_payload_chooses_is_one_of_the_web() {
    for script in
        ["curl -fsS ${{ x }}", "u=${{ x }}; curl -sSLo a \"$u\"", "curl --url ${{ x }}", "curl -- \"${{ x }}\""]
    {
        ["https://example.com/a?b=c:d", "HTTP://localhost:8080/{a}", "example.com:8080/a", "example.com"]
            .iter()
            .for_each(|value| assert_accepted(script, value));
        ["file:///etc/passwd", "FILE:/etc/passwd", "{file,http}:///a", " file:///a", "dict://a", ""]
            .iter()
            .for_each(|value| assert_value_refused(script, value));
    }
    for script in [
        "git fetch ${{ x }}",
        "git clone --depth 1 -b main ${{ x }} d",
        "git push \"${{ x }}\" HEAD:main",
        "git remote add fork ${{ x }}",
        "u=${{ x }}; git remote set-url origin \"$u\"",
        "git ls-remote --heads ${{ x }}",
        "git submodule add ${{ x }} lib",
    ] {
        ["https://example.com/a.git", "git@example.com:o/a.git", "ssh://git@example.com/o/a.git", "upstream"]
            .iter()
            .for_each(|value| assert_accepted(script, value));
        let others = ["ext::sh -c id", "fd::17", "file:///srv/a", "/srv/a", "../a", "-x", "ssh://-oProxyCommand=id/a"];
        others.iter().for_each(|value| assert_value_refused(script, value));
    }
    for script in [
        "git clone \"https://github.com/${{ x }}.git\" d",
        "u=\"https://github.com/${{ x }}.git\"; git clone \"$u\" d",
        "u=\"git@github.com:${{ x }}.git\"; git clone \"$u\" d",
        "git fetch origin ${{ x }}",
        "git push -u origin ${{ x }}",
    ] {
        assert_accepted(script, "octo/web-shop");
    }
    for script in ["curl \"https://example.com/${{ x }}\"", "curl -A ${{ x }} u", "curl -X POST --data-raw ${{ x }} u"]
    {
        assert_accepted(script, "file:///a");
    }
}

#[test]
fn a_value_stays_one_setting_and_one_name_of_git() {
    for script in [
        "helm upgrade a b --set image.tag=${{ x }}",
        "helm install --set-string \"t=${{ x }}\" a b",
        "dotnet build -p:Version=${{ x }}",
        "dotnet publish /p:Title=\"${{ x }}\" -o out",
    ] {
        ["1.4.2", "reg.example.com/app:1", "a b"].iter().for_each(|value| assert_accepted(script, value));
        ["a,b=c", "{a", "a\\", "a[0]", "1;PreBuildEvent=id"]
            .iter()
            .for_each(|value| assert_value_refused(script, value));
    }
    for script in
        ["git push origin ${{ x }}", "git fetch origin \"${{ x }}\"", "git push origin \"HEAD:refs/heads/${{ x }}\""]
    {
        ["main", "feature/login", "v1.2"].iter().for_each(|value| assert_accepted(script, value));
        [":main", "+main", "a:b"].iter().for_each(|value| assert_value_refused(script, value));
    }
    assert_accepted("git push ${{ x }} main", "https://example.com/a.git");
}

#[test]
fn a_key_of_an_associative_array_is_text() {
    for script in [
        "declare -A m=([main]=prod); echo \"${m[${{ x }}]:-none}\"",
        "declare -A m; k=\"${{ x }}\"; m[$k]=1; echo \"${m[$k]} ${!m[@]}\"",
        "declare -A m\nfor l in a \"${{ x }}\"; do m[\"$l\"]=1; done",
    ] {
        ["a title", "a[$(id)]", "@", "it's"].iter().for_each(|value| assert_accepted(script, value));
    }
    for script in [
        "m=(1); declare -A n; k=${{ x }}; echo \"${m[$k]}\"",
        "k=${{ x }}; m[$k]=1; declare -A m",
        "if x; then declare -A m; fi; k=${{ x }}; echo \"${m[$k]}\"",
        "f() { declare -A m; }; k=${{ x }}; echo \"${m[$k]}\"",
        "declare -A m; unset m; k=${{ x }}; echo \"${m[$k]}\"",
        "declare -A m; k=${{ x }}; (( m[$k]++ ))",
        "declare -A m; m[${{ x }}]=1; for k in \"${!m[@]}\"; do echo $((m[$k])); done",
    ] {
        assert_value_refused(script, "a[$(id)]");
    }
}

#[test]
fn a_name_that_programs_obey_is_to_be_another() {
    for script in ["make ENV=${{ x }}", "export GIT_DIR=${{ x }}", "PYTHON_VERSION=${{ x }} ./build.sh"] {
        let refusals = placed(script, "a").expect_err("obeyed");
        assert!(refusals[0].help.as_deref().is_some_and(|help| help.contains("give it another")), "{refusals:?}");
    }
}

#[test]
fn a_nul_is_refused() {
    assert_value_refused("echo ${{ x }}", "a\0b");
}

#[test]
fn a_list_without_end_is_refused() {
    placed(&"echo ${{ x }}\n".repeat(HOLES_MAX), "a").expect("as many as there may be");
    let refusals = placed(&"echo ${{ x }}\n".repeat(HOLES_MAX + 1), "a").expect_err("one more");
    assert!(refusals.len() == 1 && refusals[0].reason.contains("1000 places"), "{refusals:?}");
}

#[test]
fn a_value_that_another_shell_reads_fits_the_environment() {
    let long = "x".repeat(VALUE_BYTES_MAX + 1);
    assert_accepted("echo ${{ x }}", &long);
    assert_value_refused("bash -c 'echo ${{ x }}'", &long);
}

#[test]
fn a_refusal_names_segment_and_line() {
    let refusals = placed("echo a\necho ${{ x }}\neval ${{ y }}\n", "v").expect_err("eval");
    assert_eq!((refusals.len(), &refusals[0].entrance, refusals[0].line), (1, &Entrance::Segment(3), 3));
    assert_eq!(refusals[0].reason, "the name of a command");
}

#[test]
fn hostile_scripts_end_in_time_and_without_a_crash() {
    let openers = [
        "$(",
        "\"$(",
        "(",
        "{ ",
        "if ",
        "$((",
        "((",
        "${a:-",
        "`",
        "\"",
        "'",
        "<(",
        "[[ ( ",
        "case a in (",
        "@(",
        "$'",
        "a=(",
        "cat <<E\n",
        "f() ",
        "! ",
        "bash -c \"",
        "${a[",
        "\\",
    ];
    for opener in openers {
        let script = format!("echo ${{{{ x }}}}\n{}", opener.repeat(20_000));
        let start = std::time::Instant::now();
        let _ = placed(&script, "v");
        assert!(start.elapsed().as_secs() < 5, "{opener} takes {:?}", start.elapsed());
    }
}
