//! Scripts of PowerShell that run a value by a file whose name is put together, by a block that something else
//! runs, or by a name that is spelled in another way; and scripts near to them, which take every text.

use super::{assert_never, placed};

/// Files of which the name is put together, or can't be told.
const FILES: &[&str] = &[
    "$p = \"$env:TEMP/run.ps1\"; Set-Content -Path $p -Value \"Write-Host '${{ x }}'\"; & $p",
    "$p = Join-Path $env:TEMP 'run.ps1'; Set-Content -Path $p -Value \"${{ x }}\"; & $p",
    "$p = Join-Path -ChildPath run.ps1 -Path $env:TEMP; Set-Content $p \"${{ x }}\"; . $p",
    "Set-Content (Join-Path $HOME x.ps1) \"${{ x }}\"; . (Join-Path $HOME x.ps1)",
    "$p = [IO.Path]::Combine($env:TEMP, 'run.ps1'); Set-Content -Path $p -Value \"${{ x }}\"; & $p",
    "$p = [IO.Path]::GetTempFileName() + '.ps1'; Set-Content -Path $p -Value \"${{ x }}\"; & $p",
    "$p = [IO.Path]::ChangeExtension((New-TemporaryFile), 'ps1'); Set-Content $p \"${{ x }}\"; & $p",
    "$p = New-TemporaryFile; Set-Content -Path $p -Value \"${{ x }}\"; bash $p",
    "$p = (New-TemporaryFile).FullName; Set-Content -Path $p -Value \"${{ x }}\"; bash $p",
    "$p = (New-TemporaryFile).FullName; Set-Content -Path $p -Value \"${{ x }}\"; pwsh -File $p",
    "$p = (New-TemporaryFile).FullName; Set-Content -Path $p -Value \"${{ x }}\"; . $p",
    "$p = (New-TemporaryFile).FullName; \"${{ x }}\" > $p; python $p",
    "$p = [IO.Path]::GetTempFileName(); [IO.File]::WriteAllText($p, \"${{ x }}\"); Start-Process $p",
    "$p = Join-Path . 'run.txt'; Set-Content -Path $p -Value \"${{ x }}\"; bash $p",
    "$p = \"$env:TEMP/run.txt\"; Set-Content $p \"${{ x }}\"; bash \"$env:TEMP/run.txt\"",
    "$p = \"$env:TEMP/run.txt\"; Set-Content $p \"${{ x }}\"; iex (Get-Content $p -Raw)",
    "$p = '{0}.ps1' -f $n; Set-Content $p \"${{ x }}\"; & \"./$p\"",
    "\"${{ x }}\" | Set-Content ($p = './a.ps1'); & $p",
    "$w = [IO.StreamWriter]::new('y.ps1'); $w.Write(\"${{ x }}\"); $w.Close(); ./y.ps1",
    "$w = New-Object IO.StreamWriter 'y.txt'; $w.WriteLine(\"${{ x }}\"); $w.Dispose(); bash y.txt",
    "$w = New-Object System.IO.StreamWriter('y.txt'); $w.WriteLine(\"${{ x }}\"); $w.Dispose(); bash y.txt",
    "$s = [IO.File]::OpenWrite('y.txt'); $w = [IO.StreamWriter]::new($s); $w.Write(\"${{ x }}\"); bash y.txt",
    "$w = [IO.File]::CreateText('./a.txt'); $w.WriteLine(\"${{ x }}\"); $w.Close(); bash ./a.txt",
    "$w = [IO.FileInfo]::new('./a.ps1').CreateText(); $w.WriteLine(\"${{ x }}\")",
    "$w = [System.IO.StreamWriter]\"a.ps1\"; $w.Write(\"${{ x }}\")",
    "$f = (New-TemporaryFile).FullName; Set-Content $f \"${{ x }}\"; sqlcmd -i $f",
    "$f = (New-TemporaryFile).FullName; Set-Content $f \"${{ x }}\"; $r = [IO.StreamReader]::new($f); iex $r.ReadToEnd()",
    "using namespace System.IO\n[File]::WriteAllText('a.ps1', \"${{ x }}\")",
    "Set-Content x.txt \"${{ x }}\"; Join-Path . x.txt | Get-Content -Raw | iex",
    "Start-Transcript x.txt; Write-Host \"${{ x }}\"; Stop-Transcript; bash x.txt",
    "mkdir \"${{ x }}\"; Get-ChildItem | ForEach-Object { iex $_.Name }",
];

/// Blocks that operators, methods and commands run, and references.
const BLOCKS: &[&str] = &[
    "\"${{ x }}\" -replace '\\$\\((.*?)\\)', { Invoke-Expression $_.Groups[1].Value }",
    "$x = \"${{ x }}\" -creplace '.+', { & $_.Value }",
    "if ($true) { } \"${{ x }}\" -replace '.+', { iex $_ }",
    "[regex]::Replace(\"${{ x }}\", '(\\w+)', { param($m) & $m.Groups[1].Value })",
    "$r = [regex]'.+'; $r.Replace(\"${{ x }}\", { iex $args[0].Value })",
    "$e = [Text.RegularExpressions.MatchEvaluator]{ param($m) iex $m.Value }; [regex]::Replace(\"${{ x }}\", '.+', $e)",
    "$b = { param($m) iex $m }; [regex]::Replace(\"${{ x }}\", '.+', $b)",
    "\"${{ x }}\" | Select-Object @{ n = 'x'; e = { iex $_ } }",
    "\"${{ x }}\".Split(',') | Format-Table @{ e = { & $_ } }",
    "\"${{ x }}\" | ConvertTo-Html -Property @{ n = 'x'; e = { iex $_ } }",
    "$c = @{ n = 'x'; e = { iex $_ } }; \"${{ x }}\" | Select-Object $c",
    "$b = { iex $_ }; \"${{ x }}\" | ForEach-Object -Process $b",
    "$b = { iex $_ }; \"${{ x }}\" | % $b",
    "$b = { iex $PSItem }; \"${{ x }}\" | Where-Object $b",
    "$b = { iex $_ }.GetNewClosure(); $c = $b; \"${{ x }}\" | % $c",
    "$h = @{ s = { iex $_ } }; \"${{ x }}\" | % $h.s",
    "$s = { iex $_ }; $h = @{ Process = $s }; \"${{ x }}\" | ForEach-Object @h",
    "$l = @(); $l = [Collections.ArrayList]::new(); $l.Add({ iex $_ }); \"${{ x }}\" | % $l[0]",
    "$o | Add-Member ScriptMethod Go { iex $args[0] }; $o.Go(\"${{ x }}\")",
    "$b = { iex $_ }; @(\"${{ x }}\").ForEach($b)",
    "function Use { param($t, $b) $t | % $b }; Use \"${{ x }}\" { iex $_ }",
    "function Use { param($t, $b = { iex $_ }) $t | % $b }; Use \"${{ x }}\"",
    "Set-Item function:g { iex $args[0] }; g \"${{ x }}\"",
    "${function:g} = { iex $args[0] }; g \"${{ x }}\"",
    "function f([ref]$r) { $r.Value = \"${{ x }}\" }; $x = ''; f ([ref]$x); iex $x",
    "$ok = $h.TryGetValue(\"${{ x }}\", [ref]$v); iex $v",
];

/// Names of commands, drives and parameters in other spellings.
const NAMES: &[&str] = &[
    "Invoke-E`xpression \"${{ x }}\"",
    "`i`e`x \"${{ x }}\"",
    "\"${{ x }}\" | Invoke-Express`ion",
    "& \"i`u{65}x\" \"${{ x }}\"",
    "`u{69}ex \"${{ x }}\"",
    "i'ex' \"${{ x }}\"",
    "In\"voke-Ex\"pression \"${{ x }}\"",
    "Invoke\u{2013}Expression \"${{ x }}\"",
    "pwsh \u{2014}Command \"${{ x }}\"",
    "\u{a0}iex \"${{ x }}\"",
    "Write-Host a\riex \"${{ x }}\"",
    "Write-Host @\u{201c}\nit's\n\u{201d}@; iex \"${{ x }}\"",
    "Other.Module\\Invoke-Expression \"${{ x }}\"",
    "Set-Item Function::foo \"${{ x }}\"; foo",
    "Set-Content Microsoft.PowerShell.Core\\Function::foo \"${{ x }}\"; foo",
    "Set-Item Environment::PATH \"${{ x }}\"; git status",
    "Set-Item Microsoft.PowerShell.Core\\Environment::LD_PRELOAD \"${{ x }}\"",
    "cd env:; si PATH \"${{ x }}\"",
    "Push-Location function:; Set-Content foo \"${{ x }}\"; foo",
    "New-PSDrive -Name f -PSProvider Function -Root ''; Set-Item f:foo \"${{ x }}\"",
    "Set-Item Variable::v \"${{ x }}\"; iex $v",
    "$env:X = \"${{ x }}\"; Copy-Item env:X function:foo; foo",
    "Set-Item alias:\\q iex; q \"${{ x }}\"",
    "Set-Item Alias::q iex; q \"${{ x }}\"",
    "$alias:q = 'iex'; q \"${{ x }}\"",
    "${alias:q} = 'Invoke-Expression'; \"${{ x }}\" | q",
    "(\"${{ x }}\" -as [type])::new('x')",
    "$t = \"${{ x }}\" -as 'type'; $t::Start('x')",
    "'a'.psobject.methods[\"${{ x }}\"].Invoke()",
];

/// Scripts that run a value unless it is plain: which command gets it is not known.
const PLAIN: &[&str] =
    &["& (gcm i*x) \"${{ x }}\"", "& (-join ('i', 'e', 'x')) \"${{ x }}\"", "Set-Alias q (Get-Name); q \"${{ x }}\""];

/// Scripts near to these, which take every text that is no option.
const EVERY: &[&str] = &[
    "$p = Join-Path $env:TEMP 'notes.txt'; Set-Content $p \"${{ x }}\"; ./build.ps1",
    "$p = New-TemporaryFile; Set-Content $p \"${{ x }}\"; Invoke-RestMethod https://x.example/a -InFile $p",
    "$p = New-TemporaryFile; Set-Content $p \"${{ x }}\"; git commit -F $p",
    "$p = \"$env:TEMP/notes.md\"; Set-Content $p \"${{ x }}\"; $m = Get-Command msbuild; & $m",
    "$w = [IO.StreamWriter]::new('notes.txt'); $w.WriteLine(\"${{ x }}\"); $w.Close(); bash build.sh",
    "Start-Transcript log.txt; Write-Host \"${{ x }}\"; Stop-Transcript; bash build.sh",
    "\"${{ x }}\" -replace '\\d+', { [int]$_.Value + 1 }",
    "[regex]::Replace(\"${{ x }}\", '\\w+', { param($m) $m.Value.ToUpper() })",
    "\"${{ x }}\".Split(',') | Select-Object @{ n = 'tag'; e = { $_.Trim() } } | Format-Table",
    "$files = Get-ChildItem src | Where-Object { $_.Length -gt 1 }; Write-Host \"${{ x }} $($files.Count)\"; $files | % { bash $_ }",
    "$b = { Write-Host $_ }; \"${{ x }}\" | % $b",
    "Invoke-Command -ScriptBlock { param($t) Write-Host $t } -ArgumentList \"${{ x }}\"",
    "if (\"${{ x }}\" -eq 'a') { 'x' | % { iex $_ } } else { 'y' | % { iex $_ } }",
    "Write-Host \"tab`t${{ x }}`n\"",
    "Write-Host @\u{201c}\nit's ${{ x }}\n\u{201d}@",
    "Set-Item env:TITLE \"${{ x }}\"; Push-Location src; ./build.ps1; Pop-Location",
    "Microsoft.PowerShell.Utility\\Write-Host \"${{ x }}\"",
    "Set-Alias say Write-Host; say \"${{ x }}\"",
    "$n = \"${{ x }}\" -as [int]; Write-Host $n",
    "Set-Item Environment::TITLE \"${{ x }}\"; Write-Host $env:TITLE",
];

#[test]
fn a_file_of_any_name_that_is_run_takes_no_value() {
    assert_never(FILES);
}

#[test]
fn a_name_that_is_put_together_of_itself_many_times_is_followed_only_so_far() {
    let more = "$body = \"$body$nl\"\n".repeat(40);
    let script = format!("$body = New-TemporaryFile\n{more}Set-Content $body \"${{{{ x }}}}\"\nbash $body");
    placed(&script, "main").expect_err("the file is run");
}

#[test]
fn a_block_that_something_runs_takes_no_value_as_code() {
    assert_never(BLOCKS);
}

#[test]
fn a_name_in_another_spelling_is_the_same_name() {
    assert_never(NAMES);
}

#[test]
fn a_command_that_is_not_known_takes_a_plain_value() {
    for script in PLAIN {
        placed(script, "main").unwrap_or_else(|refusals| panic!("{script}: {refusals:?}"));
        placed(script, "touch canary").expect_err(script);
    }
}

#[test]
fn what_is_near_to_them_takes_every_text() {
    let values = ["a; touch canary $(touch canary)", "it's \"that\" {0} `n"];
    let refused = |script: &&str| values.iter().find_map(|value| placed(script, value).err());
    let wrong: Vec<_> = EVERY.iter().filter_map(|script| Some((script, refused(script)?))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
