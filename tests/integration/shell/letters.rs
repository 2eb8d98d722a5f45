//! Scripts are written in all languages: no letter stops the analysis, wherever it stands.

use super::running::placed;

/// Words that are not ASCII in the places where the analysis cuts: after one byte, after two, before `=`.
const WORDS: &[&str] =
    &["é", "né", "ñé", "–all", "-é", "--é", "aé=b", "é=b", "-é=b", "\u{a0}x", "x\u{a0}", "日本", "😀", "@é"];
/// Programs that are known for something.
const PROGRAMS: &[&str] = &[
    "cat", "tar", "git", "ssh", "find", "xargs", "sed", "awk", "perl", "python3", "node", "ruby", "bash", "sh", "sudo",
    "env", "timeout", "nice", "flock", "docker", "kubectl", "make", "curl", "psql", "jq", "vim", "less", "parallel",
    "watch", "printf", "read", "declare", "export", "trap", "eval", "test", "[", "exec", "command", "é", "./né",
];

#[test]
fn words_in_any_letters_are_read() {
    for program in PROGRAMS {
        for word in WORDS {
            for script in [
                format!("{program} {word} \"${{{{ x }}}}\""),
                format!("{program} \"${{{{ x }}}}\" {word}"),
                format!("{word} {program} ${{{{ x }}}}"),
                format!("{program} -c {word} {word}${{{{ x }}}}{word}"),
                format!("{program} {word} <<{word}\n${{{{ x }}}}\n{word}\n"),
                format!("{program} > {word} 2>{word} # ${{{{ x }}}} {word}"),
            ] {
                // Whether it is taken does not matter here.
                let _ = placed(&script, "é 日");
            }
        }
    }
}
