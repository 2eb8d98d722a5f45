//! Numbers of a payload are values as its texts are: a script has the same text for all of them, no number decides what
//! a pipeline does, and in an expression a number stays one.

use super::folder;
use super::nothing::rendered;

fn bash(script: &str) -> crate::support::Folder {
    folder("safe", &format!("steps:\n- bash: |\n    {script}\n"))
}

const N: &str = "${{ parameters.hook.n }}";

#[test]
fn a_script_has_the_same_text_for_all_numbers() {
    for script in [
        "echo N",
        "echo \"${s:N:2}\"",
        "echo \"$((N + 1))\"",
        "for ((k=0;k<N;k++)); do echo $k; done",
        "echo N > N",
        "case 5 in [N]) echo x;; esac",
        "[ N -gt 3 ] && echo x",
        "exit N",
    ] {
        let folder = bash(&script.replace('N', N));
        let texts: Vec<_> = ["5", "17", "0"].iter().map(|n| rendered(&folder, &format!("{{\"n\": {n}}}"))).collect();
        let first = texts[0].as_ref().unwrap_or_else(|told| panic!("{script}: {told}"));
        assert!(first.contains("PIPEHOOK_1"), "{script}: {first}");
        assert!(texts.iter().all(|text| text.as_ref() == Ok(first)), "{script}: {texts:?}");
    }
}

#[test]
fn what_a_place_wants_holds_for_numbers() {
    for (script, payload) in [
        ("git log N", "{\"n\": -3}"),
        ("kill N", "{\"n\": -9}"),
        ("echo \"$((N))\"", "{\"n\": 1.5}"),
        ("N --version", "{\"n\": 5}"),
        ("B ls", "{\"b\": true}"),
        ("ls; B", "{\"b\": false}"),
    ] {
        let script = script.replace('N', N).replace('B', "${{ parameters.hook.b }}");
        let told = rendered(&bash(&script), payload).expect_err(&script);
        assert!(told.contains("error[tainted-in-script]"), "{script}: {told}");
    }
    rendered(&bash(&format!("git log {N}")), "{\"n\": 3}").expect("accepted");
}

#[test]
fn no_number_decides_what_a_pipeline_does() {
    for pipeline in [
        "jobs:\n- job: j${{ parameters.hook.n }}\n  steps:\n  - bash: ls\n",
        "pool: p${{ parameters.hook.n }}\nsteps:\n- bash: ls\n",
        "steps:\n- bash: ls\n  env: {\"A${{ parameters.hook.n }}\": x}\n",
        "steps:\n- task: Bash@${{ parameters.hook.n }}\n  inputs: {targetType: inline, script: ls}\n",
        "steps:\n- task: Bash@3\n  inputs: {filePath: 's${{ parameters.hook.n }}.sh'}\n",
        "steps:\n- bash: ls\n  env: {LD_PRELOAD: './${{ parameters.hook.n }}'}\n",
        "steps:\n- bash: ls\n  condition: eq(variables.x${{ parameters.hook.n }}, 1)\n",
        "steps:\n- template: t${{ parameters.hook.n }}.yml\n",
        "steps:\n- bash: echo '${{ variables[parameters.hook.n] }}'\n",
    ] {
        let folder = folder("safe", pipeline);
        folder.write("payload.json", "{\"n\": 3}");
        let told = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
        assert!(told.contains("error[tainted-"), "{pipeline}: {told}");
    }
}

#[test]
fn a_number_says_how_many_and_how_long_and_is_compared_as_one() {
    let pipeline = "jobs:\n- job: A\n  timeoutInMinutes: ${{ parameters.hook.n }}\n  steps:\n  - bash: ls\n    \
        retryCountOnTaskFailure: ${{ parameters.hook.n }}\n    condition: gt(${{ parameters.hook.n }}, 3)\n";
    let folder = folder("safe", pipeline);
    folder.write("payload.json", "{\"n\": 5}");
    let shown = folder.run(&["render", "p", "--payload", "payload.json", "--as-written"]).ended_with(0).stdout;
    assert!(shown.contains("timeoutInMinutes: 5") && shown.contains("gt(5, 3)"), "{shown}");
    folder.write("payload.json", "{\"n\": \"5\"}");
    folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1);
}

#[test]
fn python_takes_a_number_where_it_is_one() {
    let python = |script: &str| {
        let task = "steps:\n- task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      ";
        let folder = folder("safe", &format!("{task}{}\n", script.replace('N', N)));
        folder.write("payload.json", "{\"n\": 5}");
        folder.run(&["render", "p", "--payload", "payload.json"])
    };
    let shown = python("n = N + 1").ended_with(0).stdout;
    assert!(shown.contains("n = 5 + 1"), "{shown}");
    python("n = xN + 1").ended_with(1);
}

#[test]
fn payload_text_is_an_operand_and_no_format() {
    for (expression, is_taken) in [
        ("coalesce(A, 'z')", true),
        ("format('{0}', A)", true),
        ("format('{0}', 'A')", true),
        ("format(A, 'x')", false),
        ("format('A {0}', 'x')", false),
        ("Format( lower('A') , 'x')", false),
        ("variables[A]", false),
    ] {
        let expression = expression.replace('A', "${{ parameters.hook.a }}");
        let late = format!("variables:\n  r: $[ {expression} ]\nsteps:\n- bash: echo \"$(r)\"\n");
        let condition = format!("steps:\n- bash: ls\n  condition: eq({expression}, 'x')\n");
        for pipeline in [late, condition] {
            let folder = folder("safe", &pipeline);
            folder.write("payload.json", "{\"a\": \"it's {0}\"}");
            folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(i32::from(!is_taken));
        }
    }
}

#[test]
fn the_length_of_values_is_not_that_of_the_script() {
    let folder = bash("echo \"${{ parameters.hook.a }}\" | wc -c; echo '${{ parameters.hook.b }}' | wc -c");
    let long = "x".repeat(700_000);
    let text = rendered(&folder, &format!("{{\"a\": \"{long}\", \"b\": \"{long}\"}}")).expect("accepted");
    assert!(text.len() < 10_000, "{}", text.len());
}
