//! Every row of the table of places: what a hole becomes there, and that the shell prints the value
//! as it is, whatever it is.

use super::running::{Workspace, assert_syntax, placed, stdout};
use pipehook::shell::Entrance;

/// Values that break out of some place when they are put in as text.
const HOSTILE: &[&str] = &[
    "plain",
    "",
    "a   b",
    "*",
    "it's",
    "\"; touch CANARY; \"",
    "'; touch CANARY; '",
    "$(touch CANARY)`touch CANARY`",
    "x\nEOF\ntouch CANARY\ncat <<EOF",
    "}\"; touch CANARY; \"${x",
    "\\",
    "\\\\'\"$",
    "*) touch CANARY;; x",
    "${SECRET} $SECRET",
    "a]; touch CANARY; [",
    "é\u{2028}\t\u{7f}!!",
];

/// Scripts with one hole each; what they print is the text behind, with the value for `@`.
const ROWS: &[(&str, &str)] = &[
    ("echo ${{ x }}", "@"),
    ("echo a${{ x }}b", "a@b"),
    ("echo \"T: ${{ x }}\"", "T: @"),
    ("echo \"`echo \"${{ x }}\"`\"", "@"),
    ("echo \"$(echo \"$(echo \"${{ x }}\")\")\"", "@"),
    ("echo 'a \"${{ x }}\" b'", "a \"@\" b"),
    ("echo $'a\\t${{ x }}b\\n'end", "a\t@b\nend"),
    ("echo $\"T ${{ x }}\"", "T @"),
    ("cat <<EOF\n- ${{ x }}\nEOF", "- @"),
    ("cat <<'EOF'\n${{ x }} $HOME `id` \\ \\$x\nEOF", "@ $HOME `id` \\ \\$x"),
    ("cat <<\"END OF IT\"\n${{ x }}\nEOF\nEND OF IT", "@\nEOF"),
    ("cat <<\\END; cat <<END\n${{ x }}$\nEND\nb\nEND", "@$\nb"),
    ("cat <<-EOF\n\t\tx ${{ x }}\n\tEOF", "x @"),
    ("cat <<-'EOF'\n\t\tx $y ${{ x }}\n\tEOF", "x $y @"),
    ("echo \"$(cat <<EOF\n${{ x }}.\nEOF\n)\"", "@."),
    ("cat <<< ${{ x }}", "@"),
    ("cat <<< \"a ${{ x }}\"", "a @"),
    ("# ${{ x }}\necho done", "done"),
    ("echo done # ${{ x }}", "done"),
    ("echo \"${U:-${{ x }}}\"", "@"),
    ("echo \"${U:-'${{ x }}'}\"", "'@'"),
    ("echo ${U:-${{ x }}}", "@"),
    ("v=1; echo \"${v:+${{ x }}}\"", "@"),
    ("a=(1 ${{ x }} \"${{ x }}\"); echo \"${#a[@]}\" \"${a[1]}\"", "3 @"),
    ("for i in ${{ x }}; do echo \"$i\"; done", "@"),
    ("f() { echo \"$1\"; }; f ${{ x }}", "@"),
    ("X=${{ x }}; echo \"$X\"", "@"),
    ("X=${{ x }} bash -c 'echo \"$X\"'", "@"),
    ("export X=${{ x }}; echo \"$X\"", "@"),
    ("printf '%s\\n' \"a${{ x }}\"", "a@"),
    ("cat <(echo ${{ x }})", "@"),
    ("echo ${{ x }} | cat", "@"),
    ("(echo ${{ x }})", "@"),
    ("{ echo ${{ x }}; }", "@"),
    ("if true; then echo ${{ x }}; fi", "@"),
    ("echo {a,${{ x }}}", "a @"),
    ("bash -c \"echo \\\"${{ x }}\\\"\"", "@"),
    ("bash -c \"echo '${{ x }}'\"", "@"),
    ("bash -c 'echo \"$1\"' _ \"a${{ x }}\"", "a@"),
    ("bash -c 'bash -c \"echo \\\"${{ x }}\\\"\"'", "@"),
    ("eval \"echo ${{ x }}\"", "@"),
    ("bash <<EOF\necho ${{ x }}\nEOF", "@"),
    ("bash <<'EOF'\necho \"${{ x }}\"\nEOF", "@"),
    ("bash <<< 'echo \"${{ x }}\"'", "@"),
    ("trap \"echo ${{ x }}\" EXIT", "@"),
    ("read -r n <<< \"a\"; echo $n ${{ x }}", "a @"),
    ("case ${{ x }} in zzz) ;; *) echo other;; esac", "other"),
    ("case zzz in ${{ x }}) echo same;; *) echo other;; esac", "other"),
    ("[[ zzz == ${{ x }} ]] || echo other", "other"),
    ("[[ zzz =~ ^(${{ x }}|b)$ ]] || echo other", "other"),
    ("[ ${{ x }} = zzz ] || echo other", "other"),
    ("v=zzz; echo \"${v#${{ x }}y}\"", "zzz"),
    ("v=zyz; echo \"${v/y/${{ x }}}\"", "z@z"),
];

#[test]
fn at_every_place_the_shell_prints_the_value_as_it_is() {
    let workspace = Workspace::new();
    for (script, expected) in ROWS {
        let script = format!("{script}\n");
        let constant = placed(&script, "plain").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}")).script;
        assert_syntax(&constant);
        for value in HOSTILE {
            let value = value.replace("CANARY", &workspace.canary().display().to_string());
            let Ok(placed) = placed(&script, &value) else { panic!("{script} refuses {value:?}") };
            assert_eq!(placed.script, constant);
            let output = workspace.run("bash", &placed);
            let trimmed = |text: &str| text.trim_end_matches('\n').to_owned();
            let wanted = trimmed(&expected.replace('@', &value));
            assert_eq!(trimmed(&stdout(&output)), wanted, "{script} became {} {output:?}", placed.script);
            assert!(!workspace.canary().exists(), "{script} ran {value:?}");
        }
    }
}

#[test]
fn a_reference_is_written_for_its_place() {
    let cases = [
        ("echo ${{ x }}", "echo \"${PIPEHOOK_1}\""),
        ("echo \"${{ x }}\"", "echo \"${PIPEHOOK_1}\""),
        ("echo '${{ x }}'", "echo ''\"${PIPEHOOK_1}\"''"),
        ("echo $'${{ x }}'", "echo $''\"${PIPEHOOK_1}\"$''"),
        ("# ${{ x }}", "# PIPEHOOK_1"),
        ("cat <<'E'\n${{ x }} \\$`\nE", "cat <<E\n${PIPEHOOK_1} \\\\\\$\\`\nE"),
        ("echo $(( ${{ x }} + ${{ y }} ))", "echo $(( ${PIPEHOOK_1} + ${PIPEHOOK_2} ))"),
        ("bash -c 'echo ${{ x }}'", "bash -c 'echo \"${PIPEHOOK_1?}\"'"),
        ("bash -c \"echo ${{ x }}\"", "bash -c \"echo \\\"\\${PIPEHOOK_1?}\\\"\""),
    ];
    for (script, expected) in cases {
        let placed = placed(script, "1").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert_eq!(placed.script, expected);
    }
}

#[test]
fn a_script_without_payload_text_comes_back_unread() {
    let placed = placed("echo \"never closed; fi }", "x").expect("nothing to place");
    assert_eq!((placed.script.as_str(), placed.carried.variables.len()), ("echo \"never closed; fi }", 0));
}

#[test]
fn each_hole_has_its_own_variable() {
    let placed = placed("echo ${{ a }}${{ b }}", "v").expect("two words' parts");
    let names: Vec<&str> = placed.carried.variables.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["PIPEHOOK_1", "PIPEHOOK_2"]);
    assert_eq!(
        placed.holes.iter().map(|hole| hole.entrance.clone()).collect::<Vec<_>>(),
        [Entrance::Segment(1), Entrance::Segment(2)]
    );
}
