//! How far a value is followed in a script of PowerShell: through files, containers, functions, drives, the
//! environment and the output of programs.

use super::{assert_never, placed};

/// Scripts that run the value after a detour. None takes any.
const NEVER: &[&str] = &[
    // Commands and processes.
    "(Get-Command \"${{ x }}\").ScriptBlock.Invoke()",
    "$p = New-Object System.Diagnostics.Process; $p.StartInfo.FileName = \"${{ x }}\"; $p.Start()",
    "$i = New-Object Diagnostics.ProcessStartInfo; $i.FileName = 'git'; $i.Arguments = \"${{ x }}\"; [Diagnostics.Process]::Start($i)",
    "Start-Process bash -ArgumentList '-c', \"echo ${{ x }}\"",
    "$x = \"${{ x }}\"; dotnet $x",
    // Files.
    "Set-Content f \"${{ x }}\"; iex (Get-Content f -Raw)",
    "Set-Content f \"${{ x }}\"; $s = Get-Content f -Raw; iex $s",
    "Set-Content f \"${{ x }}\"; . ([scriptblock]::Create((gc f -raw)))",
    "Set-Content f.txt \"${{ x }}\"; bash f.txt",
    "Set-Content f.txt \"${{ x }}\"; & bash f.txt",
    "Set-Content f.txt \"${{ x }}\"; sh f.txt",
    "Set-Content f.txt \"${{ x }}\"; Copy-Item f.txt f.ps1; ./f.ps1",
    "Set-Content f.txt \"${{ x }}\"; Rename-Item f.txt f.ps1; ./f.ps1",
    "$p = \"f.ps1\"; Set-Content -Path $p -Value \"${{ x }}\"; . $p",
    "$p = Join-Path $PWD \"f.ps1\"; \"${{ x }}\" | Out-File $p; & $p",
    "[IO.File]::WriteAllText(\"f.ps1\", \"${{ x }}\")",
    "[System.IO.File]::WriteAllText(\"$PWD/f.ps1\", \"${{ x }}\")",
    "\"${{ x }}\" | Add-Content $PROFILE",
    "\"${{ x }}\" > f.txt; bash f.txt",
    "\"${{ x }}\" | Tee-Object f.txt; . ./f.txt",
    "Set-Content Makefile \"all: ${{ x }}\"; make",
    // Containers.
    "$h = @{}; $h.Add(\"t\",\"${{ x }}\"); iex $h.t",
    "$l = [Collections.Generic.List[string]]::new(); $l.Add(\"${{ x }}\"); iex $l[0]",
    "$l = New-Object System.Collections.ArrayList; [void]$l.Add(\"${{ x }}\"); foreach ($c in $l) { iex $c }",
    "$sb = [Text.StringBuilder]::new(); [void]$sb.Append(\"${{ x }}\"); bash -c $sb.ToString()",
    "$q = [Collections.Queue]::new(); $q.Enqueue(\"${{ x }}\"); iex $q.Dequeue()",
    "$a = @(); $a += \"${{ x }}\"; iex $a[0]",
    "$h = @{}; $h['t'] = \"${{ x }}\"; iex $h.t",
    "$h = @{ t = \"${{ x }}\" }; iex $h.t",
    "$o = [pscustomobject]@{}; $o | Add-Member t \"${{ x }}\"; iex $o.t",
    // Functions, blocks, pipelines.
    "function f { param([string]$t) bash -c \"echo $t\" }; f \"${{ x }}\"",
    "function f([string]$t) { bash -c \"echo $t\" }; f \"${{ x }}\"",
    "function f { \"${{ x }}\" }; iex (f)",
    "function f { iex $args[0] }; f \"${{ x }}\"",
    "$b = { param($t) iex $t }; Start-Job $b -ArgumentList \"${{ x }}\"",
    "$b = { param($t) iex $t }; $b.Invoke(\"${{ x }}\")",
    "\"a\",\"${{ x }}\" | % { bash -c $_ }",
    "@('${{ x }}').ForEach({ iex $_ })",
    "switch (\"${{ x }}\") { default { iex $_ } }",
    "\"${{ x }}\" -match '(.*)'; iex $Matches[1]",
    "try { throw \"${{ x }}\" } catch { iex $_ }",
    "class C { [string]$t; C([string]$a) { $this.t = $a } [void] Go() { iex $this.t } }\n[C]::new(\"${{ x }}\").Go()",
    "Set-Variable -Name v -Value \"${{ x }}\"; iex $v",
    "\"${{ x }}\" | Tee-Object -Variable v; iex $v",
    "Write-Output \"${{ x }}\" -OutVariable v; iex $v",
    "$global:v = \"${{ x }}\"; iex $v",
    // Drives.
    "Set-Item function:run \"${{ x }}\"; run",
    "${function:run} = \"${{ x }}\"; run",
    "$function:run = \"${{ x }}\"; run",
    "New-Item function:run -Value \"${{ x }}\"; run",
    "Set-Item alias:run iex; run \"${{ x }}\"",
    "$f = [scriptblock]; $f::Create(\"${{ x }}\")",
    "Set-Item variable:v \"${{ x }}\"; iex $v",
    // The environment.
    "$n = \"BASH_ENV\"; Set-Item \"env:$n\" \"${{ x }}\"",
    "$n = \"BASH_ENV\"; [Environment]::SetEnvironmentVariable($n, \"${{ x }}\")",
    "[Environment]::SetEnvironmentVariable(\"${{ x }}\", \"x\")",
    "Set-Content .env \"V=${{ x }}\"\nGet-Content .env | % { $k, $v = $_ -split \"=\"; Set-Item \"env:$k\" $v }",
    "Set-Item env:FOO \"${{ x }}\"; bash -c 'eval \"$FOO\"'",
    "[Environment]::SetEnvironmentVariable('FOO', \"${{ x }}\"); bash -c 'eval \"$FOO\"'",
    // What git was given, and prints.
    "git commit -m \"${{ x }}\"; $o = git log -1 --format=%s; iex $o",
    "git commit -m \"${{ x }}\"; $o = git log -1 --format=%s; bash -c \"echo $o\"",
    "git checkout -b \"${{ x }}\"; $b = git branch --show-current; bash -c \"echo $b\"",
    // Types and members.
    "[Diagnostics.Process]::Start(\"${{ x }}\")",
    "$p = New-Object Diagnostics.ProcessStartInfo \"${{ x }}\"",
    "[Activator]::CreateInstance(\"${{ x }}\")",
    "$o.$(\"${{ x }}\")",
    "$m = \"${{ x }}\"; $o.$m()",
    "[type]\"${{ x }}\"",
    "(New-Object -ComObject WScript.Shell).Run(\"${{ x }}\")",
    "[Environment]::ExpandEnvironmentVariables(\"${{ x }}\")",
    // Formats.
    "\"${{ x }}\" -f $env:TOK",
    "$t = \"${{ x }}\"; Write-Host ($t -f $env:TOK)",
    "[string]::Format(\"${{ x }}\", $env:TOK)",
];

/// Scripts, values that they refuse, and values that they take.
const SOME: &[(&str, &str, &str)] = &[
    // The brackets of a logging command.
    ("$n = \"${{ x }}\"; Write-Host \"##vso[task.setvariable variable=$n]x\"", "a;isSecret=true", "a"),
    ("Write-Host (\"##vso[task.setvariable variable={0}]x\" -f '${{ x }}')", "a;isSecret=true", "a"),
    ("$n = '${{ x }}'; Write-Host (\"##vso[task.setvariable variable=\" + $n + \"]x\")", "a;isSecret=true", "a"),
    // Paths.
    ("New-Item -Name \"${{ x }}\"", "../x", "x"),
    ("New-Item -ItemType SymbolicLink -Path l -Target \"${{ x }}\"", "/etc", "docs"),
    ("Set-Location \"${{ x }}\"; ./build.ps1", "/tmp", "src"),
    ("cd \"${{ x }}\"; make", "../x", "src"),
    ("\"${{ x }}\" | Remove-Item", "/etc", "a.txt"),
    ("Get-ChildItem \"build/${{ x }}\" -Recurse | Remove-Item -Force", "../x", "a"),
    ("Remove-Item \"build/${{ x }}\"", "*", "a"),
    ("Set-Content \"${{ x }}\" x", "env:PATH", "notes.txt"),
    ("Get-Content \"${{ x }}\"", "env:TOK", "notes.txt"),
    ("(New-Object Net.WebClient).DownloadFile(\"https://x.example/a\", \"${{ x }}\")", "/etc/x", "a"),
    ("Invoke-RestMethod -Uri https://x.example/a -InFile \"${{ x }}\"", "/etc/passwd", "a"),
    // Addresses.
    ("Invoke-RestMethod -Uri \"${{ x }}\"", "file:///etc/passwd", "https://x.example/a"),
    ("iwr \"${{ x }}\"", "file:///etc/passwd", "https://x.example/a"),
    ("dotnet build \"/p:Version=${{ x }}\"", "1;PreBuildEvent=x", "1.4.2"),
    // What is made of a value.
    (
        "$t = \"${{ x }}\" -replace 'refs/heads/', ''; git push origin $t",
        "refs/heads/--receive-pack=x",
        "refs/heads/add-login",
    ),
    ("git log \"${{ x }}\".Substring(1)", "v--output=x", "v1.4.2"),
    ("$j = '${{ x }}' | ConvertFrom-Json; & git log $j.ref", "{\"ref\":\"--output=x\"}", "{\"ref\":\"main\"}"),
    // What is ended, started, or started with.
    ("Stop-Process -Name \"${{ x }}\"", "*", "worker"),
    ("Restart-Service \"${{ x }}\"", "*", "worker"),
    ("Start-Process git -ArgumentList 'log', \"${{ x }}\"", "a --output=x", "v1.4.2"),
    ("Start-Process git -ArgumentList @('checkout', \"${{ x }}\") -Wait", "a --output=x", "v1.4.2"),
    ("git @('log', \"${{ x }}\")", "--output=x", "v1.4.2"),
    // What only letters, digits and `-` are left of.
    ("$s = \"${{ x }}\" -replace '[^a-z0-9]+', '-'; New-Item -Path \"previews/$s\"", "///", "feature/login_2"),
    ("$s = (\"${{ x }}\" -replace '[^a-z0-9]+', '-').Trim('-'); git checkout $s", "/f", "feature/login"),
    ("$s = (\"${{ x }}\" -replace '[^a-z0-9]+', '-').Substring(3); git checkout $s", "abc/f", "123456"),
    ("$s = (\"${{ x }}\" -replace '[^a-z0-9]+', '-').Substring(0, 8); git checkout $s", "/f", "feature/login"),
    (
        "$s = \"${{ x }}\" -replace '[^a-z0-9]+', '-'; $s = $s -replace '^-|-$', ''; mkdir \"a/$s\"",
        "..",
        "feature/login",
    ),
    // Words that another machine's shell reads.
    ("ssh host ./deploy.sh \"${{ x }}\"", "a; touch b", "59b20b8"),
    ("ssh host \"echo ${{ x }}\"", "$(touch b)", "59b20b8"),
];

/// Scripts near to these, which take every text that is no option.
const EVERY: &[&str] = &[
    "$env:T = \"${{ x }}\"; Set-Content x.sh 'echo \"$T\"'; bash x.sh",
    "Set-Content notes.txt \"${{ x }}\"; pytest -q",
    "$u = \"https://x.example/a/${{ x }}\"; irm $u",
    "$b = 'https://x.example'; $u = \"$b/a/${{ x }}\"; Invoke-RestMethod -Uri $u -Method Post",
    "Set-Content notes.md \"${{ x }}\"; git add notes.md",
    "Set-Content f \"${{ x }}\"; Write-Host (Get-Content f -Raw)",
    "$h = @{}; $h.Add(\"t\",\"${{ x }}\"); Write-Host $h.t",
    "$h = @{ docker = \"${{ x }}\"; title = 'a' }; $h | ConvertTo-Json",
    "function f($t) { Write-Host $t }; f \"${{ x }}\"",
    "$body = @{ text = \"${{ x }}\" } | ConvertTo-Json; Invoke-RestMethod -Uri https://x.example/a -Method Post -Body $body",
    "'title: {0}' -f \"${{ x }}\"",
    "\"${{ x }}\" -match '^v'; Write-Host $Matches[0]",
    "if (\"${{ x }}\" -eq 'main') { Write-Host yes } else { Write-Host no }",
    "switch (\"${{ x }}\") { 'a' { Write-Host one } default { Write-Host other } }",
    "$slug = \"${{ x }}\" -replace '[^a-zA-Z0-9]', '_'; New-Item \"out/$slug.txt\"",
    "$n = [int]\"${{ x }}\"; bash -c \"echo $n\"",
    "Get-Unknown \"${{ x }}\"",
    "Write-Verbose \"${{ x }}\" -Verbose",
    "$log = \"${{ x }}\"; [Console]::WriteLine($log)",
    "& { param($t) Write-Host $t } \"${{ x }}\"",
    "1..3 | ForEach-Object { Write-Host \"$_ ${{ x }}\" }",
    "Invoke-Expression './build.ps1'; Write-Host \"${{ x }}\"",
];

#[test]
fn what_is_run_after_a_detour_takes_no_value() {
    assert_never(NEVER);
}

#[test]
fn a_value_has_the_form_that_its_place_demands() {
    let mut wrong = Vec::new();
    for (script, refused, taken) in SOME {
        wrong.extend(placed(script, taken).err().map(|refusals| format!("{script}: {refusals:?}")));
        wrong.extend(placed(script, refused).ok().map(|_| format!("{script} takes {refused}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn data_is_any_text() {
    let values = ["/a/../b; touch canary $(touch canary)", "it's \"that\" {0} `n", "a\n##vso[x]b"];
    let refused = |script: &&str| values.iter().find_map(|value| placed(script, value).err());
    let wrong: Vec<_> = EVERY.iter().filter_map(|script| Some((script, refused(script)?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
