//! Scripts in PowerShell. Where the machine has it, they are run.

mod programs;
mod reach;
mod spellings;

use super::running::{Workspace, placed_beside, placed_in, stdout, text};
use pipehook::shell::{Language, Placed, Refusal};
use proptest::prelude::*;
use std::process::Command;

/// Scripts that print the value, and what they become.
const ROWS: &[(&str, &str)] = &[
    ("Write-Host \"<${{ x }}>\"", "Write-Host \"<$($env:PIPEHOOK_1)>\""),
    ("Write-Host '<${{ x }}>'", "Write-Host \"<$($env:PIPEHOOK_1)>\""),
    ("Write-Host '$5 `n \"it''s\" <${{ x }}>'", "Write-Host \"`$5 ``n `\"it's`\" <$($env:PIPEHOOK_1)>\""),
    ("Write-Host ${{ x }}", "Write-Host \"$($env:PIPEHOOK_1)\""),
    ("Write-Host v${{ x }}.zip", "Write-Host \"v$($env:PIPEHOOK_1).zip\""),
    ("Write-Host @\"\n<${{ x }}>\n\"@", "Write-Host @\"\n<$($env:PIPEHOOK_1)>\n\"@"),
    ("Write-Host @'\n$5 <${{ x }}>\n'@", "Write-Host @\"\n`$5 <$($env:PIPEHOOK_1)>\n\"@"),
    ("# ${{ x }}\nWrite-Host ok", "# PIPEHOOK_1\nWrite-Host ok"),
    ("<# ${{ x }} #> Write-Host ok", "<# PIPEHOOK_1 #> Write-Host ok"),
    ("Write-Host \"$(Get-Item '${{ x }}')\"", "Write-Host \"$(Get-Item \"$($env:PIPEHOOK_1)\")\""),
    ("$a = @{ k = '${{ x }}' }", "$a = @{ k = \"$($env:PIPEHOOK_1)\" }"),
    ("if ($true) { Write-Host ${{ x }} }", "if ($true) { Write-Host \"$($env:PIPEHOOK_1)\" }"),
    ("git commit -m \"${{ x }}\"", "git commit -m \"$($env:PIPEHOOK_1)\""),
    ("dotnet build -p:Version=${{ x }}", "dotnet build \"-p:Version=$($env:PIPEHOOK_1)\""),
    ("$b = { Write-Host \"${{ x }}\" }; & $b", "$b = { Write-Host \"$($env:PIPEHOOK_1)\" }; & $b"),
    ("& git log ${{ x }}", "& git log \"$($env:PIPEHOOK_1)\""),
    ("$o = git log ${{ x }}", "$o = git log \"$($env:PIPEHOOK_1)\""),
    (
        "function f { param([string]$t) Write-Host ${{ x }} }",
        "function f { param([string]$t) Write-Host \"$($env:PIPEHOOK_1)\" }",
    ),
    ("@('a') | % { Write-Host ${{ x }} }", "@('a') | % { Write-Host \"$($env:PIPEHOOK_1)\" }"),
    ("Write-Host \u{2018}a ${{ x }}\u{2019}", "Write-Host \"a $($env:PIPEHOOK_1)\""),
];

/// Scripts that take no value.
const NEVER: &[&str] = &[
    "${{ x }}",
    "& ${{ x }}",
    "& \"${{ x }}\" a | iex",
    ". ${{ x }}",
    "Get-Item -${{ x }} a",
    "cmd --% ${{ x }}",
    "cmd /c ${{ x }}",
    "pwsh -Command \"Write-Host ${{ x }}\"",
    "powershell.exe -c \"${{ x }}\"",
    "Invoke-Expression \"${{ x }}\"",
    "iex '${{ x }}'",
    "'${{ x }}' | iex",
    "$x = '${{ x }}'; iex $x",
    "$x = '${{ x }}'; $y = \"$x\"; Invoke-Expression $y",
    "$x = '${{ x }}'; & $x",
    "function f($c) { iex $c }\nf '${{ x }}'",
    "'${{ x }}' | ForEach-Object { iex $_ }",
    "foreach ($c in @('${{ x }}')) { iex $c }",
    "[scriptblock]::Create('${{ x }}')",
    "$ExecutionContext.InvokeCommand.InvokeScript('${{ x }}')",
    "Start-Process '${{ x }}'",
    "Add-Type -TypeDefinition '${{ x }}'",
    "Set-Content run.ps1 '${{ x }}'",
    "'${{ x }}' > run.ps1",
    "$env:PATH = '${{ x }}'",
    "Write-Host $${{ x }}",
    "Write-Host ${${{ x }}}",
    "Write-Host \"`${{ x }}\"",
    "Write-Host \"${{ x }}",
    "Write-Host @'\n\"@ ${{ x }}\n\"@\n'@",
    "Write-Host 'a'${{ x }}",
    "& \"${{ x }}\"",
    "& './bin/${{ x }}' a",
    ". \"${{ x }}\"",
    "$x = '${{ x }}'; & \"./$x\"",
    "$o.\"${{ x }}\"()",
    "Set-Alias z Invoke-Expression; z \"${{ x }}\"",
    "\"${{ x }}\" | % { & $_ }",
    "function f($c) { & $c }; f '${{ x }}'",
    "$sb = { param($c) iex $c }; & $sb \"${{ x }}\"",
    "[System.Reflection.Assembly]::Load(\"${{ x }}\")",
    "[Environment]::SetEnvironmentVariable('PATH', '${{ x }}')",
    "Set-Item env:PATH \"${{ x }}\"",
    "$env:PSModulePath = \"${{ x }}\"",
    "$PSDefaultParameterValues = @{ \"${{ x }}\" = 1 }",
    "Install-Module \"${{ x }}\"",
    "ForEach-Object -MemberName \"${{ x }}\" -InputObject a",
    "New-Object \"${{ x }}\"",
    "New-Object -ComObject \"${{ x }}\"",
    "Set-Variable \"${{ x }}\" 1",
    "schtasks /create /tr \"${{ x }}\"",
    "npm install \"${{ x }}\"",
    "dotnet tool install \"${{ x }}\"",
    "git \"${{ x }}\"",
    "$env:FOO = \"${{ x }}\"; cmd /c \"echo %FOO%\"",
    "$env:FOO = '${{ x }}'; cmd.exe /v /c 'echo !foo:~0,3!'",
    "Set-Variable -Name \"${{ x }}\" -Value 1",
    "Get-Variable -Name \"a${{ x }}\"",
    "$p = @{ Name = \"${{ x }}\" }; Set-Variable @p",
    "gci env:${{ x }}",
    "Get-Content \"env:${{ x }}\"",
];

/// Scripts that run the value of the variable `TITLE`.
const BESIDE: &[&str] = &[
    "bash -c 'eval \"$TITLE\"'",
    "$env:Z = $env:TITLE; bash -c 'eval \"$Z\"'",
    "$code = 'eval \"$TITLE\"'; bash -c $code",
    "'eval \"$TITLE\"' | bash",
    "bash -c \"eval `$TITLE\"",
    "$v = gc env:TITLE; & sh -c \"echo $v\"",
    "$v = [System.Environment]::GetEnvironmentVariable(\"TITLE\"); cmd /c \"echo $v\"",
    "$n = 'TITLE'; $v = [Environment]::GetEnvironmentVariable($n); iex $v",
    "Get-ChildItem env: | ForEach-Object { iex $_.Value }",
    "$v = (Get-Item env:TITLE).Value; iex $v",
    "[Environment]::GetEnvironmentVariables().Values | iex",
    "Invoke-AzVMRunCommand -ScriptString \"echo $env:TITLE\"",
    "Invoke-Pester -Path $env:TITLE",
    "timeout 5 sh -c \"echo $env:TITLE\"",
    "nice sh -c \"echo $env:TITLE\"",
    "find . -name x -exec sh -c \"echo $env:TITLE\" ';'",
    "gcloud compute ssh vm --command \"echo $env:TITLE\"",
    "plink host \"echo $env:TITLE\"",
    "git -c \"core.pager=$env:TITLE\" log",
    "git config alias.x \"$env:TITLE\"",
    "cmd --% /c echo %TITLE%",
    "Start-Process bash -ArgumentList '-c', 'eval \"$TITLE\"'",
];

/// Scripts that name a file by the value.
const PATHS: &[&str] = &[
    "$p = @{ Path = \"${{ x }}\"; Recurse = $true }; Remove-Item @p",
    "Set-Content -Path \"${{ x }}\" -Value x",
    "Set-Content \"out/${{ x }}\" x",
    "$f = \"${{ x }}\"; Set-Content $f x",
    "Add-Content -LiteralPath '${{ x }}' -Value x",
    "\"x\" | Out-File \"${{ x }}\"",
    "\"x\" | Out-File -FilePath ${{ x }}",
    "Copy-Item a \"${{ x }}\"",
    "Move-Item -Path a -Destination \"out/${{ x }}\"",
    "New-Item -ItemType File -Path \"${{ x }}\"",
    "mkdir \"${{ x }}\"",
    "Invoke-WebRequest -Uri http://x -OutFile \"${{ x }}\"",
    "[IO.File]::WriteAllText(\"${{ x }}\", \"x\")",
    "[System.IO.File]::Delete(\"${{ x }}\")",
    "[IO.Directory]::Move(\"a\", \"${{ x }}\")",
];

/// Scripts near to these, which take every text.
const NEAR: &[&str] = &[
    "Set-Content -Path notes.txt -Value \"${{ x }}\"",
    "Set-Content \"notes.txt\" \"${{ x }}\"",
    "Set-Content notes.txt \"${{ x }}\"",
    "\"${{ x }}\" | Out-File notes.txt",
    "[IO.File]::WriteAllText(\"notes.txt\", \"${{ x }}\")",
    "Set-Variable -Name title -Value \"${{ x }}\"",
    "$env:TITLE = \"${{ x }}\"; Write-Host $env:TITLE",
    "$env:TITLE = \"${{ x }}\"; cmd /c \"echo %OTHER%\"",
    "Get-ChildItem env: | Out-Null; Write-Host \"${{ x }}\"",
];

#[test]
fn a_file_that_a_value_names_stays_in_its_folder() {
    for script in PATHS {
        placed(script, "notes.txt").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        for outside in ["../../etc/passwd", "/etc/passwd", "a\\..\\..\\b"] {
            placed(script, outside).expect_err(script);
        }
    }
}

#[test]
fn what_is_written_into_a_file_is_any_text() {
    for script in NEAR {
        placed(script, "/a/../b; touch canary").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
    }
}

#[test]
fn in_an_expression_a_value_is_a_number() {
    let rows = [
        ("$x = ${{ x }}", "$x = ([long]$env:PIPEHOOK_1)"),
        ("foreach ($i in 1..${{ x }}) { $i }", "foreach ($i in 1..([long]$env:PIPEHOOK_1)) { $i }"),
        ("if (${{ x }} -gt 1) { 'more' }", "if (([long]$env:PIPEHOOK_1) -gt 1) { 'more' }"),
        ("if ($n -eq ${{ x }}) { 'same' }", "if ($n -eq ([long]$env:PIPEHOOK_1)) { 'same' }"),
        ("$a = @{ n = ${{ x }} }", "$a = @{ n = ([long]$env:PIPEHOOK_1) }"),
    ];
    for (script, expected) in rows {
        assert_eq!(placed(script, "42").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}")).script, expected);
        let refusals = placed(script, "calc").expect_err(script);
        assert!(refusals[0].value_dependent, "{script}: {refusals:?}");
    }
}

pub(super) fn placed(script: &str, value: &str) -> Result<Placed, Vec<Refusal>> {
    placed_in(Language::PowerShell, &text(script, |_| value.to_owned()))
}

#[test]
fn a_reference_is_written_for_its_place() {
    for (script, expected) in ROWS {
        let placed = placed(script, "v").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        assert_eq!(placed.script, *expected);
    }
}

#[test]
fn code_names_and_expressions_take_no_value() {
    assert_never(NEVER);
}

/// Says of which scripts it is not true that no value can be in them.
pub(super) fn assert_never(scripts: &[&str]) {
    let wrong: Vec<String> = scripts
        .iter()
        .filter_map(|script| match placed(script, "plain") {
            Ok(placed) => Some(format!("{script} is placed: {}", placed.script)),
            Err(refusals) => refusals[0].value_dependent.then(|| format!("{script}: {refusals:?}")),
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_places_take_some_values() {
    placed("git log ${{ x }}", "--output=x").expect_err("an option of a program");
    placed("Write-Host ${{ x }}", "-x").expect("data of a command");
    placed("Write-Host a > ${{ x }}", "../x").expect_err("a file elsewhere");
    placed("Write-Host a > ${{ x }}", "x.txt").expect("a plain name");
    placed("Write-Host \"##vso[task.setvariable variable=${{ x }}]a\"", "a;isSecret=true").expect_err("a property");
    placed("param([string]$a)\nWrite-Host '${{ x }}'", &"x".repeat(100_000)).expect_err("nothing can stand in front");
}

#[test]
fn a_long_value_is_read_from_its_file() {
    let placed = placed("Write-Host '${{ x }}'", &"x".repeat(100_000)).expect("long");
    assert!(placed.script.starts_with("$env:PIPEHOOK_1 = [IO.File]::ReadAllText("), "{}", placed.script);
    assert_eq!((placed.carried.variables.len(), placed.carried.files.len()), (0, 1));
}

#[test]
fn what_a_script_reads_from_its_environment_is_followed() {
    let beside = |script: &str| placed_beside(Language::PowerShell, script, "TITLE", "plain");
    beside("iex $env:TITLE").expect_err("code");
    beside("$t = $env:title; iex \"$t\"").expect_err("code, in any case of the name");
    beside("Write-Host $env:TITLE").expect("data");
    let taken: Vec<_> = BESIDE.iter().filter(|script| beside(script).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

#[test]
fn powershell_prints_the_value_as_it_is() {
    if Command::new("pwsh").arg("-Version").output().is_err() {
        println!("skipped: pwsh is not installed");
        return;
    }
    let hostile = [
        "it's",
        "\"; New-Item CANARY; \"",
        "$(New-Item CANARY)",
        "`\"",
        "\u{2019}; New-Item CANARY; \u{2018}",
        "\n'@\nNew-Item CANARY\n@'\n",
    ];
    for script in
        ["Write-Host '${{ x }}'", "Write-Host \"${{ x }}\"", "Write-Host ${{ x }}", "Write-Host @'\n${{ x }}\n'@"]
    {
        for value in hostile {
            let workspace = Workspace::new();
            let value = value.replace("CANARY", &workspace.canary().display().to_string());
            let output = workspace.run("pwsh", &placed(script, &value).expect("data"));
            assert_eq!(stdout(&output).trim_end(), value.trim_end(), "{script}");
            assert!(!workspace.canary().exists(), "{script}");
        }
    }
}

#[test]
fn a_script_that_is_too_long_to_follow_is_refused_and_a_long_one_is_followed() {
    let table: String = (0..3000).map(|at| format!("k{at} = \"v{at}\"\n")).collect();
    placed(&format!("$d = @{{\n{table}}}\nWrite-Host '${{{{ x }}}}'"), "a b").expect("a long table");
    let pipeline = " | Out-String".repeat(3000);
    for long in [format!("'${{{{ x }}}}'{pipeline}"), format!("$a = @({}'${{{{ x }}}}')", "'a', ".repeat(10_000))] {
        let refusals = placed(&long, "a").expect_err("too much to follow");
        assert!(refusals[0].reason.contains("can't follow"), "{refusals:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_placed_or_refused_without_a_crash_and_is_the_same_for_all_values(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "${{ x }}", "Write-Host ", "'", "\"", "`", "$(", "@'\n", "\n'@", "@\"\n", "\n\"@", ")", "(", "{ ", " }", "$x", "$x = ", ";", "\n", "|", "#", "<#", "#>", "&",
            "[Console]::WriteLine(", "::new(", ".Add(", "git log ", "@(", "% { ", "switch (", "function f(", "-f ", "$env:T", "Set-Content ", "-Path:", "@x ", "[ref]", "[int]", "foreach ($x in ", "env:", " + ", "`", "class C { ", "[IO.File]::WriteAllText(", "New-Object ", "-replace ", "cmd /c ",
            "-a ", "--% ", "[", "]", ".", ",", "=", ">", "\u{2019}", "iex ", "é", "if ", "${a", "}", "@{ a = ",
        ]), 0..25),
    ) {
        let script = pieces.concat();
        if let (Ok(one), Ok(other)) = (placed(&script, "1"), placed(&script, "'\"; $(x)")) {
            prop_assert_eq!(one.script, other.script);
        }
    }
}
