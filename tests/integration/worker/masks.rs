//! No secret is shown, however the output is cut and written.

use super::bench::*;
use super::variables::cases;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use pipehook::run::RunResult::{Failed, Succeeded};
use pipehook::store::StepEvent;
use pipehook::taint::Text;
use pipehook::worker::{Masker, SECRETS_MAX, Screen, Unmaskable};
use proptest::prelude::*;

fn masker(secrets: &[&str]) -> Masker {
    let mut masker = Masker::default();
    secrets.iter().for_each(|secret| masker.add(secret).expect("a secret that can be masked"));
    masker
}

#[test]
fn the_shared_cases_of_masks_hold() {
    for case in cases("secret-masking.json") {
        let secrets: Vec<&str> =
            case["secrets"].as_array().expect("a list").iter().filter_map(|it| it.as_str()).collect();
        let (input, output) = (case["input"].as_str().expect("a text"), case["output"].as_str().expect("a text"));
        assert_eq!(masker(&secrets).mask(input), output, "{}", case["id"]);
    }
}

#[test]
fn every_usual_form_of_a_secret_is_masked() {
    let secret = "pa$$ w\"ord/ü'1&";
    let masker = masker(&[secret]);
    let forms = [
        secret.to_owned(),
        "pa%24%24%20w%22ord%2F%C3%BC%271%26".to_owned(),
        "pa%24%24+w%22ord%2F%C3%BC%271%26".to_owned(),
        "pa%24%24%20w%22ord%2f%c3%bc%271%26".to_owned(),
        "pa$$ w\\\"ord/ü'1&".to_owned(),
        "pa$$ w&quot;ord/ü&apos;1&amp;".to_owned(),
        "pa$$ w\"ord/ü'\\''1&".to_owned(),
        "pa$$ w\"ord/ü'\"'\"'1&".to_owned(),
        "pa$$ w&quot;ord/ü&#39;1&amp;".to_owned(),
        "pa$$ w&quot;ord/ü&#x27;1&amp;".to_owned(),
        "pa\\$\\$ w\\\"ord/ü'1&".to_owned(),
        "pa\\$\\$\\ w\\\"ord/ü\\'1\\&".to_owned(),
        hex::encode(secret),
        hex::encode_upper(secret),
    ];
    for form in forms {
        assert_eq!(masker.mask(&format!("<{form}>")), "<***>", "{form}");
    }
}

/// What `encodeURIComponent`, `encodeURI`, `new URL().href`, `URLSearchParams`, Java's and Ruby's forms and Go's
/// `PathEscape` write.
#[test]
fn a_secret_in_an_address_is_masked_whichever_characters_its_writer_encodes() {
    let cases = [
        ("Tr0ub4dor&3!horse*staple(9)", &["Tr0ub4dor%263!horse*staple(9)", "Tr0ub4dor&3!horse*staple%289%29"][..]),
        ("it's-a-secret/with$and:at@99", &["it's-a-secret%2Fwith%24and%3Aat%4099", "it%27s-a-secret%2fwith$and:at@99"]),
        ("kd+93/sfj=qp2+XYZ/1234567==", &["kd+93%2Fsfj=qp2+XYZ%2F1234567==", "kd%2B93/sfj%3Dqp2%2BXYZ/1234567%3D%3D"]),
        (
            "p~w*rd with space & more-77",
            &[
                "p~w*rd%20with%20space%20&%20more-77",
                "p%7Ew*rd+with+space+%26+more-77",
                "p~w*rd+with+space+%26+more-77",
                "%70%7e%77*rd%20with%20space%20%26%20more%2D77",
            ],
        ),
        ("two words", &["two+words", "two%20words"]),
        ("first line\nsecond-ü", &["first%20line%0Asecond-%C3%BC"]),
        ("50%41 off & more", &["50%41%20off%20%26%20more", "50%2541%20off%20%26%20more", "50A off & more"]),
        // Base64 in an address.
        ("<?>?<?>?", &["PD8%2BPzw%2FPj8%3D"]),
    ];
    for (secret, forms) in cases {
        for form in forms {
            let masked = masker(&[secret]).mask(&format!("<a=%7B&s={form}>")).into_owned();
            assert!(
                masked.starts_with("<a=%7B&s=***") && masked.len() <= "<a=%7B&s=***8%3D>".len(),
                "{form}: {masked}"
            );
        }
    }
    for other in ["100%", "5 % 3 = 2%4", "a+b%2", "two words+", "%", "%4", "%zz%4"] {
        assert_eq!(masker(&["two  words"]).mask(other), other);
    }
}

proptest! {
    #[test]
    fn no_cut_lets_a_secret_in_an_address_through(
        secret in "[a-c &%+é]{6,12}",
        is_encoded in prop::collection::vec(any::<bool>(), 40),
        in_capitals in any::<bool>(),
        around in "[a%2]{0,9}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let masker = masker(&[&secret]);
        let encode = |(at, byte): (usize, u8)| match (in_capitals, byte) {
            _ if !is_encoded[at] && byte.is_ascii() && byte != b'%' => char::from(byte).to_string(),
            (true, _) => format!("%{byte:02X}"),
            (false, _) => format!("%{byte:02x}"),
        };
        let line = format!("{around}<{}>{around}", secret.bytes().enumerate().map(encode).collect::<String>());
        prop_assert!(masker.mask(&line).contains("<***>"), "{}", line);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(line.len() + 1)).collect();
        places.sort_unstable();
        let (mut screen, mut shown, mut at) = (Screen::default(), String::new(), 0);
        for place in places {
            shown.push_str(&screen.pass(&masker, &line[at..place], false));
            at = place;
        }
        shown.push_str(&screen.pass(&masker, &line[at..], true));
        prop_assert_eq!(shown, masker.mask(&line).into_owned());
    }
}

#[test]
fn base64_is_masked_wherever_the_secret_begins_in_it() {
    let secret = "s3cr3t-t0ken?~";
    let masker = masker(&[secret]);
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "x", "xy", "xyz"] {
            let text = format!("{before}{secret}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let masked = masker.mask(&encoded).into_owned();
                assert!(masked.contains("***"), "{text}: {encoded}");
                // What is left is at the ends, where neighbours share the characters.
                assert!(masked.len() <= before.len() * 4 / 3 + after.len() * 4 / 3 + 3 + 8, "{text}: {masked}");
            }
        }
    }
}

/// Breaks a text into lines of so many characters.
fn broken(text: &str, columns: usize) -> Vec<String> {
    text.as_bytes().chunks(columns).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

/// `base64` breaks at 76 characters, `openssl` and PEM at 64, `xxd -p` at 60.
#[test]
fn encodings_that_are_broken_into_lines_are_masked() {
    let key =
        format!("-----BEGIN KEY-----\n{}\n-----END KEY-----\n", ["Zm9vYmFyQmF6/+quux0123456789abcdef"; 5].join("\n"));
    for secret in
        ["s3cr3t-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRST", "ü?>~".repeat(40).as_str(), &key]
    {
        let masker = masker(&[secret]);
        for before in ["", "user:", "x".repeat(50).as_str()] {
            for after in ["", "\n"] {
                let text = format!("{before}{secret}{after}");
                let encodings =
                    [STANDARD.encode(&text), URL_SAFE.encode(&text), hex::encode(&text), hex::encode_upper(&text)];
                for encoding in encodings {
                    let own = encoding.len() * before.len() / text.len();
                    for columns in [60, 64, 76] {
                        let lines = broken(&encoding, columns);
                        let (mut shown, mut at) = (0, 0);
                        for line in &lines {
                            let masked = masker.mask(line);
                            at += line.len();
                            // Of a line that is the secret's but for a few characters, a few are left.
                            shown += if at > own {
                                masked.replace("***", "").len().saturating_sub((own + line.len()).saturating_sub(at))
                            } else {
                                0
                            };
                        }
                        assert!(shown < 24, "{shown} of {} are shown: {lines:#?}", encoding.len());
                        if before.is_empty() && secret.len() == 64 {
                            assert!(shown < 6, "{shown} are shown: {lines:#?}");
                        }
                    }
                }
            }
        }
    }
    let masker = masker(&["s3cr3t-0123456789-abcdefghijklmnopqrstuvwxyz"]);
    let other = STANDARD.encode("what is no secret at all and quite as long as one that would be");
    assert_eq!(masker.mask(&other), other);
    let sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  file";
    assert_eq!(masker.mask(sum), sum);
}

#[test]
fn the_escapes_of_every_usual_writer_of_json_are_masked() {
    let cases = [
        ("pässwort-123456", &["p\\u00e4sswort-123456", "p\\u00E4sswort-123456", "pässwort-123456"][..]),
        ("pa<ss>&word", &["pa\\u003css\\u003e\\u0026word", "pa\\u003Css\\u003E\\u0026word", "pa<ss>&word"]),
        ("abc/def/ü", &["abc\\/def\\/ü", "abc\\/def\\/\\u00fc", "abc/def/\\u00fc", "abc/def/\\u00FC"]),
        ("it's \"a+b\"", &["it\\u0027s \\\"a+b\\\"", "it\\u0027s \\u0022a\\u002Bb\\u0022"]),
        ("smile \u{1f600}!", &["smile \\ud83d\\ude00!", "smile \\uD83D\\uDE00!"]),
        ("first line\nsecond", &["first line\\nsecond"]),
    ];
    for (secret, forms) in cases {
        for form in forms {
            assert_eq!(masker(&[secret]).mask(&format!("<{form}>")), "<***>", "{form}");
        }
    }
}

#[test]
fn secrets_of_several_lines_are_masked_line_by_line() {
    let masker = masker(&["-----BEGIN\nabcdefgh\nxy\n  ijklmnop  \n-----END"]);
    assert_eq!(masker.mask("key abcdefgh and ijklmnop"), "key *** and ***");
    assert_eq!(masker.mask("xy stays: it is too short"), "xy stays: it is too short");
}

#[test]
fn the_armour_of_a_key_is_that_of_every_key_and_stays() {
    let masker = masker(&["-----BEGIN KEY-----\nabcdefgh\n-----END KEY-----"]);
    assert_eq!(masker.mask("-----BEGIN KEY----- abcdefgh"), "-----BEGIN KEY----- ***");
}

/// What all jobs share is masked with what a job learns, wherever both are cut. A short word of the server's
/// is a word.
#[test]
fn the_servers_secrets_are_masked_beside_those_of_a_job() {
    let server = Masker::of_server(["the server's own", "print"]);
    let mut masker = Masker::above(std::sync::Arc::new(server));
    assert_eq!(masker.mask("print the server's own"), "print ***");
    masker.add("own key").expect("a secret");
    assert_eq!(masker.mask("print the server's own key"), "print ***");
    let mut screen = Screen::default();
    let shown = ["so the ser", "ver's own", " is"].map(|piece| screen.pass(&masker, piece, false)).concat();
    assert_eq!(shown + &screen.pass(&masker, "", true), "so *** is");
}

#[test]
fn what_cannot_be_masked_is_said() {
    let mut masker = Masker::default();
    assert_eq!(masker.add("ab"), Err(Unmaskable::Short));
    assert_eq!(masker.add(""), Ok(()));
    for number in 0..SECRETS_MAX {
        assert_eq!(masker.add(&format!("secret {number}")), Ok(()));
        if number > 20 {
            break;
        }
    }
    assert_eq!(masker.add(&"x".repeat(1024 * 1024)), Err(Unmaskable::TooMany));
}

proptest! {
    #[test]
    fn no_cut_lets_a_secret_through(
        secrets in prop::collection::vec("[ab]{3,6}|[a-z é]{6,9}", 1..4),
        texts in prop::collection::vec("[abc]{0,12}|[a-zé ]{0,6}", 0..8),
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let masker = masker(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
        let mut line = texts.concat();
        for (pick, with_text) in picks {
            line.push_str(pick.get::<String>(&secrets));
            if with_text { line.push('.'); }
        }
        let mut places: Vec<usize> = cuts.iter().map(|cut| line.floor_char_boundary(cut.index(line.len() + 1))).collect();
        places.sort_unstable();
        let (mut screen, mut shown, mut at) = (Screen::default(), String::new(), 0);
        for place in places {
            shown.push_str(&screen.pass(&masker, &line[at..place], false));
            at = place;
        }
        shown.push_str(&screen.pass(&masker, &line[at..], true));
        prop_assert_eq!(shown, masker.mask(&line).into_owned());
    }
}

proptest! {
    #[test]
    fn no_cut_changes_what_is_shown_of_an_encoding(
        secret in "[a-z]{18,60}",
        from in any::<prop::sample::Index>(),
        around in prop::collection::vec("[A-Za-z0-9+/]{0,20}| {1,3}", 2..3),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let masker = masker(&[&secret]);
        let encoding = STANDARD.encode(&secret);
        let line = [&around[0], &encoding[from.index(encoding.len())..], &around[1]].concat();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(line.len() + 1)).collect();
        places.sort_unstable();
        let (mut screen, mut shown, mut at) = (Screen::default(), String::new(), 0);
        for place in places {
            shown.push_str(&screen.pass(&masker, &line[at..place], false));
            at = place;
        }
        shown.push_str(&screen.pass(&masker, &line[at..], true));
        prop_assert_eq!(shown, masker.mask(&line).into_owned());
    }
}

#[test]
fn a_secret_of_a_group_is_masked_and_in_no_environment_but_where_it_is_named() {
    let mapped = pipehook::pipeline::plan::Step {
        env: vec![("TOKEN".into(), "$(token)".into())],
        ..step("echo \"$TOKEN\"; echo ${#TOKEN}")
    };
    let story = run_with_secrets(
        &[("token", "hunter22-hunter22")],
        vec![step("env | grep -c hunter; echo $(token); echo plain"), mapped, step("echo aHVudGVyMjItaHVudGVyMjI=")],
    );
    assert_eq!(story.output(0), ["0", "***", "plain"]);
    assert_eq!(story.output(1), ["***", "17"]);
    assert_eq!(story.output(2)[0].len(), "***I=".len(), "{story:?}");
    assert!(!format!("{:?}", story.memory).contains("hunter"), "{story:?}");
}

/// Where its text would have another meaning as code, a secret that a macro names is its text all the
/// same: it is beside the script, and what the script starts does not get it.
#[test]
fn a_secret_of_a_macro_is_no_part_of_the_script() {
    let secret = "it's $HOME \"`x`\" \\";
    let script = "v='$(token)'; test ${#v} = 18 && echo same\n\
                  test \"$(token)\" = \"$v\" && echo same\n\
                  cat <<'END' | cmp -s - <(printf '%s\\n' \"$v\") && echo same\n$(token)\nEND\n\
                  grep -c HOME \"$0\"\nenv | grep -c 'it.s'\necho \"$(token)x\"";
    let story = run_with_secrets(&[("token", secret)], vec![step(script)]);
    assert_eq!(story.output(0), ["same", "same", "same", "1", "0", "***x"], "{story:?}");
}

#[test]
fn a_secret_that_is_meant_as_code_or_as_several_words_is_put_in_as_text() {
    let secrets = [("flags", "-c 3"), ("code", "echo ran; echo too"), ("name", "hunter22")];
    let steps = vec![
        step("printf '%s.' $(flags)"),
        step("$(code)"),
        step("bash -c 'x=\"$(name)\"; echo ${#x}'"),
        step("sh <<END\nx=$(name); echo \\${#x}\nEND"),
    ];
    let story = run_with_secrets(&secrets, steps);
    assert_eq!(story.output(0), ["-c.3."]);
    assert_eq!(story.output(1), ["ran", "too"]);
    assert_eq!(story.output(2), ["8"]);
    assert_eq!(story.output(3), ["8"]);
}

#[test]
fn a_secret_without_a_value_fails_the_job_before_its_steps() {
    let story = run_in(
        plan(vec![stage(
            "main",
            vec![pipehook::pipeline::plan::Job {
                groups: vec![pipehook::pipeline::plan::VariableGroup { name: "vault".to_owned(), after: 0 }],
                ..job(vec![step("true")])
            }],
        )]),
        None,
        |_| {},
    );
    assert_eq!((story.outcome.result, story.memory.events.len()), (Failed, 0));
    assert_eq!(story.errors(), ["The variable group `vault` has no secrets on this machine."]);
}

#[test]
fn a_secret_that_a_step_names_is_masked_from_there_on() {
    let story = run(vec![
        step("echo before s3cr3t-x; echo '##vso[task.setsecret]s3cr3t-x'; echo after s3cr3t-x"),
        step("echo '##vso[task.setvariable variable=key;issecret=true]k3y-k3y'"),
        step("echo \"$KEY\" $(key) s3cr3t-x"),
        step("printf '%.0sx' {1..40000}; echo s3cr3t-x"),
    ]);
    assert_eq!(story.output(0), ["before s3cr3t-x", "after ***"]);
    assert_eq!(story.output(2), [" *** ***"]);
    let long = story.output(3).concat();
    assert!(long.ends_with("x***") && long.len() == 40_003, "{}", long.len());
    assert_eq!(story.outcome.result, Succeeded);
}

#[test]
fn names_and_reports_of_steps_are_masked_too() {
    let named = pipehook::pipeline::plan::Step {
        display_name: "with $(token)".into(),
        ..step(
            "echo '##vso[task.logissue type=error]bad hunter22'; echo '##vso[build.addbuildtag]t-hunter22'; echo '##vso[task.setvariable variable=o;isoutput=true]<hunter22>'; exit 1",
        )
    };
    let story = run_with_secrets(&[("token", "hunter22")], vec![named]);
    assert_eq!(story.report(0).issues[0].message, "bad ***");
    assert_eq!(Text::flatten(&story.outcome.outputs[0].value), "<***>");
    assert!(story.memory.events.contains(&StepEvent::Tagged { tag: "t-***".into() }));
    assert!(!format!("{:?}", story.memory).contains("hunter22"), "{story:?}");
}
