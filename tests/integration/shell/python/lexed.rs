//! What Python reads otherwise than it stands there: other codings, fields behind a `\`, names of other letters.

use super::placed;
use crate::shell::running::{Workspace, raw};

/// Scripts in which a value that stands there as escapes would run, with such a value.
const READ_OTHERWISE: &[(&str, &str)] = &[
    ("# -*- coding: unicode_escape -*-\nprint('${{ x }}')", "');__import__('os').system('touch CANARY')#"),
    ("# -*- coding: raw_unicode_escape -*-\nprint('${{ x }}')", "');__import__('os').system('touch CANARY')#"),
    (
        "#!/usr/bin/env python3\n# vim: set fileencoding=unicode_escape :\nprint('${{ x }}')",
        "');__import__('os').system('touch CANARY')#",
    ),
    ("import os\ntitle = '${{ x }}'\ncommand = f'echo build\\{title}'\nos.system(command)", "x; touch CANARY"),
    ("import os\nt = '${{ x }}'\nprint(f'\\{os.system(t)}')", "touch CANARY"),
    ("import os\nt = '${{ x }}'\nprint(rf'a\\{os.system(t)}')", "touch CANARY"),
    ("ｅval('${{ x }}')", "__import__('os').system('touch CANARY')"),
    ("import os\nos.ſystem('${{ x }}')", "touch CANARY"),
    ("import os\nｖ = '${{ x }}'\nos.system(v)", "touch CANARY"),
    (
        "import os\nclass C:\n    def __init__(self, t): self.__cmd = t\nc = C('${{ x }}')\nos.system(c._C__cmd)",
        "touch CANARY",
    ),
    ("import os\n_A__sys = os.system\nclass A:\n    def go(self, x): __sys(x)\nA().go('${{ x }}')", "touch CANARY"),
];

#[test]
fn what_python_reads_otherwise_than_it_stands_there_takes_no_value() {
    for (script, value) in READ_OTHERWISE {
        let workspace = Workspace::new();
        let value = value.replace("CANARY", &workspace.canary().display().to_string());
        let escaped: String = value.chars().map(|it| format!("\\u{:04x}", u32::from(it))).collect();
        workspace.run("python3", &raw(script, &escaped));
        assert!(workspace.canary().exists(), "nothing would come of it: {script}");
        assert!(placed(script, &value).is_err(), "{script}");
        assert!(placed(script, "plain").is_err(), "{script}");
    }
    placed("print(rf'C:\\builds\\{${{ x }}}')", "plain").expect_err("a name in a field");
}

#[test]
fn a_coding_that_changes_no_letter_is_taken_and_so_are_names_of_other_languages() {
    for script in [
        "# -*- coding: utf-8 -*-\nprint('${{ x }}', end='')",
        "#!/usr/bin/env python3\n# vim: set fileencoding=latin-1 :\nprint('${{ x }}', end='')",
        "größe = '${{ x }}'\nprint(größe, end='')",
        "имя = '${{ x }}'\nprint(имя, end='')",
        "名前 = '${{ x }}'\nprint(f'{名前}', end='')",
        "print(f'\\N{BULLET}'[1:] + '${{ x }}', end='')",
        "_private = '${{ x }}'\nprint(_private, end='')",
    ] {
        placed(script, "it's \"é\"").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
    let refusals = placed("# coding: utf-7\nprint('${{ x }}')", "plain").expect_err("another coding");
    assert!(refusals[0].reason.contains("name the coding `utf-7`"), "{refusals:?}");
}
