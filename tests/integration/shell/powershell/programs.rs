//! Programs that a script of PowerShell starts: what bash's tables know of them holds here too.

use super::super::running::placed_beside;
use super::placed;
use pipehook::shell::Language;

/// Scripts that take no value, or none that is code.
const NO_CODE: &[&str] = &[
    "$env:T = \"${{ x }}\"; Set-Content x.sh 'eval \"$T\"'; bash x.sh",
    "$env:T = \"${{ x }}\"; 'eval \"$T\"' > run.txt; bash ./run.txt",
    "$env:T = \"${{ x }}\"; [System.Diagnostics.Process]::Start(\"bash\", \"-c 'eval `\"`$T`\"'\")",
    "[IO.File]::WriteAllText(\"run.txt\", 'eval \"$1\"'); bash run.txt \"${{ x }}\"",
    "$env:T = \"${{ x }}\"; @'\nimport os\nos.system(os.environ[\"T\"])\n'@ | python3 -",
    "$env:T = \"${{ x }}\"; Set-Content s.py @'\nimport os\nos.system(os.environ[\"T\"])\n'@; python3 s.py",
    "\"${{ x }}\" > test_a.txt; pytest -q",
    "git config alias.x \"${{ x }}\"; git x",
    "git -c \"core.pager=${{ x }}\" log",
    "git log --output=${{ x }}",
    "find . -exec sh -c \"echo ${{ x }}\" ';'",
    "make \"V=${{ x }}\"",
    "curl -K \"${{ x }}\"",
    "jq \"${{ x }}\" f",
    "zip x.zip a -TT \"${{ x }}\"",
    "docker run \"${{ x }}\"",
    "docker run app sh -c \"echo ${{ x }}\"",
    "docker exec c sh -c \"echo ${{ x }}\"",
    "kubectl exec p -- sh -c \"echo ${{ x }}\"",
    "python -c \"print('${{ x }}')\"",
    "node -e \"${{ x }}\"",
    "ssh host \"echo ${{ x }}\"",
    "$x = \"${{ x }}\"; timeout 5 sh -c $x",
    "$x = \"${{ x }}\"; nohup sh -c $x",
    "$x = \"${{ x }}\"; busybox sh -c $x",
    "$x = \"${{ x }}\"; su -c $x",
    "$x = \"${{ x }}\"; flock l -c $x",
    "$x = \"${{ x }}\"; watch $x",
    "$x = \"${{ x }}\"; parallel $x",
    "$x = \"${{ x }}\"; ksh -c $x",
    "$x = \"${{ x }}\"; gawk $x",
    "$x = \"${{ x }}\"; lua -e $x",
    "$x = \"${{ x }}\"; Rscript -e $x",
    "$x = \"${{ x }}\"; python3.11 -c $x",
    "$x = \"${{ x }}\"; npm run $x",
    "$x = \"${{ x }}\"; java -jar $x",
    "$x = \"${{ x }}\"; & (Get-Command bash) -c $x",
    "$sh = 'bash'; & $sh -c \"echo ${{ x }}\"",
    "$a = @('-c', \"echo ${{ x }}\"); & bash @a",
    "$a = @('-c', \"echo ${{ x }}\"); bash $a",
    "\"${{ x }}\" | bash",
    "\"${{ x }}\" | sh -s",
    "$out = bash -c \"echo ${{ x }}\"",
    "if (bash -c \"${{ x }}\") { }",
    "foreach ($l in bash -c \"${{ x }}\") { }",
    "Write-Host \"$(bash -c \"${{ x }}\")\"",
    "$b = { bash -c \"${{ x }}\" }; & $b",
    "C:\\tools\\bash.exe -c \"${{ x }}\"",
    "pwsh -NoProfile -c \"${{ x }}\"",
    "choco install \"${{ x }}\"",
    "git status && bash -c \"${{ x }}\"",
    "git status || iex \"${{ x }}\"",
];

/// Scripts in which a value may be an argument, and no option.
const NO_OPTION: &[&str] = &[
    "git log \"${{ x }}\"",
    "$out = git log \"${{ x }}\"",
    "$null = git log \"${{ x }}\"",
    "& git log \"${{ x }}\"",
    "& \"/usr/bin/git\" log \"${{ x }}\"",
    "foreach ($x in git log \"${{ x }}\") { }",
    "@(\"${{ x }}\") | ForEach-Object { git log $_ }",
    "git log \"a\"$(\"${{ x }}\")",
    "return git log \"${{ x }}\"",
    "if ($true) { git log \"${{ x }}\" }",
    "$a = @('log', \"${{ x }}\"); & git @a",
];

/// Scripts that take a value as everybody has one, and the value. None of them takes an option.
const HONEST: &[(&str, &str)] = &[
    ("docker push \"app:${{ x }}\"", "59b20b8d"),
    ("docker build -t \"app:${{ x }}\" .", "59b20b8d"),
    ("docker tag a \"app:${{ x }}\"", "59b20b8d"),
    ("docker pull \"app:${{ x }}\"", "59b20b8d"),
    ("$tag = \"${{ x }}\".Substring(0,8); docker build -t \"app:$tag\" .", "59b20b8d35a1"),
    ("kubectl set image deploy/app \"app=app:${{ x }}\"", "59b20b8d"),
    ("python deploy.py \"${{ x }}\"", "59b20b8d"),
    ("node deploy.js \"${{ x }}\"", "59b20b8d"),
    ("git checkout \"${{ x }}\"", "feature/login"),
    ("git commit -m \"${{ x }}\"", "Fix it: `a` & $b; \"c\""),
    ("dotnet build -p:Version=${{ x }}", "1.4.2"),
    ("gh release create \"${{ x }}\"", "v1.4.2"),
    ("$env:SHA = \"${{ x }}\"; docker push \"app:$env:SHA\"", "59b20b8d"),
    ("npm version \"${{ x }}\"", "1.4.2"),
    ("curl -fsS \"https://x.example/build/${{ x }}\"", "59b20b8d"),
    ("& ./deploy.sh \"${{ x }}\"", "any text; $(x)"),
    ("./deploy.ps1 -Title \"${{ x }}\"", "any text; $(x)"),
    ("bash -c 'echo \"$1\"' _ \"${{ x }}\"", "any text; $(x)"),
];

const HOSTILE: &[&str] =
    &["a; touch canary", "$(touch canary)", "'; touch canary; '", "`touch canary`", "|touch canary"];

#[test]
fn code_for_a_program_is_no_value() {
    let taken = |script: &&str| {
        HOSTILE.iter().find_map(|value| placed(script, value).ok().map(|placed| (*value, placed.script)))
    };
    let wrong: Vec<_> = NO_CODE.iter().filter_map(|script| Some((script, taken(script)?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_value_is_no_option_wherever_a_program_is_started() {
    let mut wrong = Vec::new();
    for script in NO_OPTION {
        wrong.extend(placed(script, "main").err().map(|refusals| format!("{script}: {refusals:?}")));
        wrong.extend(placed(script, "--output=x").ok().map(|placed| placed.script));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_value_is_an_argument_of_a_program() {
    let refused =
        |(script, value): &(&str, &str)| placed(script, value).err().map(|refusals| format!("{script}: {refusals:?}"));
    let wrong: Vec<String> = HONEST.iter().filter_map(refused).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn help_is_given_in_powershell() {
    let help = |script: &str| placed(script, "plain").expect_err(script)[0].help.clone().unwrap_or_default();
    assert!(help("iex \"${{ x }}\"").contains("& { param($text)"));
    assert!(help("bash -c \"${{ x }}\"").contains("`env:`"));
    assert!(help("\"${{ x }}\" -f $a").contains("-f $text"));
}

/// What `git` runs behind `ext::` it would run here too.
#[test]
fn an_address_that_is_given_to_git_is_one_of_a_host() {
    for script in [
        "git clone \"${{ x }}\"",
        "& git fetch \"${{ x }}\"",
        "$u = \"${{ x }}\"; git clone --depth 1 $u src",
        "$u = '${{ x }}'\n& git remote add fork $u",
    ] {
        for value in ["https://example.com/a.git", "git@example.com:o/a.git", "upstream"] {
            placed(script, value).unwrap_or_else(|refusals| panic!("{script} refuses {value}: {refusals:?}"));
        }
        for value in ["ext::sh -c id", "file:///srv/a", "/srv/a", "-x", "ssh://-oProxyCommand=id/a"] {
            placed(script, value).expect_err(script);
        }
    }
    let beside = |value| placed_beside(Language::PowerShell, "git clone $env:U", "U", value);
    beside("https://example.com/a.git").expect("a host");
    beside("ext::sh -c id").expect_err("a command");
}
