//! The rows of the known senders. Sources: reference on senders, sections 1 to 3.

use super::super::challenge::Challenge;
use super::super::scheme::{
    Carrier, Content, Encoding, Event, EventForm, Hash, KeyForm, Kind, List, Prefix, RejectedStatus, Scheme, Stamp,
    StampPlace, TOLERANCE_DEFAULT, Unit,
};
use super::super::signed::Signed;
use super::super::source::{Pointer, Source};
use super::Preset;
use std::time::Duration;

/// How long iceScrum's second POST of one change may come after the first.
const DOUBLE_POSTS: Duration = Duration::from_secs(5 * 60);
/// How far Linear's timestamp may be from now, as its own library has it.
const LINEAR_TOLERANCE: Duration = Duration::from_secs(60);

/// The known senders. Azure's documented example writes upper-case hex without a prefix; GitHub,
/// which its documentation names as a sender, writes `sha1=` before it. iceScrum posts the same
/// body twice when a webhook listens to both `story.update` and `story.state`, puts the event in
/// brackets when it is not a change of state, and switches the webhook off after five failures
/// in a row.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "azure",
        about: "Azure incoming webhooks, and every sender set up for them",
        scheme: || Scheme {
            encoding: Encoding::UpperHex,
            prefix: Prefix::optional("sha1="),
            id: places("sha256"),
            ..Scheme::hmac(Hash::Sha1, "X-WH-Checksum")
        },
    },
    Preset {
        name: "icescrum",
        about: "iceScrum",
        scheme: || Scheme {
            id: places("sha256"),
            event: Some(Event { form: EventForm::MaybeBracketed, sources: places("header:x-icescrum-event") }),
            repeat_body: Some(DOUBLE_POSTS),
            rejected: RejectedStatus::Ok,
            ..Scheme::hmac(Hash::Sha1, "x-icescrum-signature")
        },
    },
    Preset {
        name: "nexus",
        about: "Sonatype Nexus",
        scheme: || Scheme {
            id: places("header:X-Nexus-Webhook-Delivery"),
            event: event("header:X-Nexus-Webhook-Id"),
            ..Scheme::hmac(Hash::Sha1, "X-Nexus-Webhook-Signature")
        },
    },
    Preset {
        name: "vercel",
        about: "Vercel",
        scheme: || Scheme {
            id: places("json:/id"),
            event: event("json:/type"),
            ..Scheme::hmac(Hash::Sha1, "x-vercel-signature")
        },
    },
    Preset {
        name: "github",
        about: "GitHub",
        scheme: || Scheme {
            prefix: Prefix::exact("sha256="),
            id: places("header:X-GitHub-Delivery"),
            event: event("header:X-GitHub-Event"),
            ping: vec!["ping".to_owned()],
            ..Scheme::hmac(Hash::Sha256, "X-Hub-Signature-256")
        },
    },
    Preset {
        name: "github-sha1",
        about: "GitHub, the older header",
        scheme: || Scheme {
            prefix: Prefix::exact("sha1="),
            id: places("header:X-GitHub-Delivery"),
            event: event("header:X-GitHub-Event"),
            ping: vec!["ping".to_owned()],
            ..Scheme::hmac(Hash::Sha1, "X-Hub-Signature")
        },
    },
    Preset {
        name: "meta",
        about: "Meta: Facebook, Instagram, WhatsApp",
        scheme: || Scheme {
            prefix: Prefix::exact("sha256="),
            id: places("sha256"),
            event: event("json:/object"),
            challenge: Some(Challenge::Meta),
            ..Scheme::hmac(Hash::Sha256, "X-Hub-Signature-256")
        },
    },
    Preset {
        name: "gitea",
        about: "Gitea",
        scheme: || Scheme {
            signed: signed("{payload}"),
            id: places("header:X-Gitea-Delivery"),
            event: event("header:X-Gitea-Event"),
            ..Scheme::hmac(Hash::Sha256, "X-Gitea-Signature")
        },
    },
    Preset {
        name: "forgejo",
        about: "Forgejo",
        scheme: || Scheme {
            signed: signed("{payload}"),
            id: places("header:X-Forgejo-Delivery"),
            event: event("header:X-Forgejo-Event"),
            ..Scheme::hmac(Hash::Sha256, "X-Forgejo-Signature")
        },
    },
    Preset {
        name: "gogs",
        about: "Gogs",
        scheme: || Scheme {
            signed: signed("{payload}"),
            id: places("header:X-Gogs-Delivery"),
            event: event("header:X-Gogs-Event"),
            ..Scheme::hmac(Hash::Sha256, "X-Gogs-Signature")
        },
    },
    Preset {
        name: "bitbucket",
        about: "Bitbucket Cloud and Data Center",
        scheme: || Scheme {
            prefix: Prefix::exact("sha256="),
            id: places("header:X-Request-UUID|header:X-Request-Id"),
            event: event("header:X-Event-Key"),
            ping: vec!["diagnostics:ping".to_owned()],
            ..Scheme::hmac(Hash::Sha256, "X-Hub-Signature")
        },
    },
    Preset {
        name: "jira",
        about: "Jira Cloud",
        scheme: || Scheme {
            prefix: Prefix::exact("sha256="),
            id: places("header:X-Atlassian-Webhook-Identifier"),
            event: event("json:/webhookEvent"),
            ..Scheme::hmac(Hash::Sha256, "X-Hub-Signature")
        },
    },
    Preset {
        name: "gitlab-token",
        about: "GitLab, secret token",
        scheme: || Scheme {
            id: places("header:Idempotency-Key|header:X-Gitlab-Event-UUID"),
            event: event("header:X-Gitlab-Event"),
            ..Scheme::token("X-Gitlab-Token")
        },
    },
    Preset {
        name: "standard-webhooks",
        about: "Standard Webhooks",
        scheme: || Scheme {
            key: KeyForm::base64(&["whsec_"]),
            encoding: Encoding::Base64,
            list: list(' ', ',', "v1"),
            signed: signed("{id}.{ts}.{body}"),
            timestamp: stamp(StampPlace::Header("webhook-timestamp".to_owned())),
            id: places("header:webhook-id"),
            event: event("json:/type"),
            ..Scheme::hmac(Hash::Sha256, "webhook-signature")
        },
    },
    Preset {
        name: "svix",
        about: "Svix",
        scheme: || Scheme {
            key: KeyForm::base64(&["whsec_"]),
            encoding: Encoding::Base64,
            list: list(' ', ',', "v1"),
            signed: signed("{id}.{ts}.{body}"),
            timestamp: stamp(StampPlace::Header("svix-timestamp".to_owned())),
            id: places("header:svix-id"),
            event: event("json:/type"),
            ..Scheme::hmac(Hash::Sha256, "svix-signature")
        },
    },
    Preset {
        name: "gitlab-signing",
        about: "GitLab, signing token",
        scheme: || Scheme {
            key: KeyForm::base64(&["whsec_"]),
            encoding: Encoding::Base64,
            list: list(' ', ',', "v1"),
            signed: signed("{id}.{ts}.{body}"),
            timestamp: stamp(StampPlace::Header("webhook-timestamp".to_owned())),
            id: places("header:webhook-id"),
            event: event("header:X-Gitlab-Event"),
            ..Scheme::hmac(Hash::Sha256, "webhook-signature")
        },
    },
    Preset {
        name: "stripe",
        about: "Stripe",
        scheme: || Scheme {
            list: list(',', '=', "v1"),
            signed: signed("{ts}.{body}"),
            timestamp: stamp(StampPlace::Signature("t".to_owned())),
            id: places("json:/id"),
            event: event("json:/type"),
            ..Scheme::hmac(Hash::Sha256, "Stripe-Signature")
        },
    },
    Preset {
        name: "slack",
        about: "Slack",
        scheme: || Scheme {
            prefix: Prefix::exact("v0="),
            signed: signed("v0:{ts}:{body}"),
            timestamp: stamp(StampPlace::Header("X-Slack-Request-Timestamp".to_owned())),
            id: places("json:/event_id"),
            event: event("json:/event/type"),
            challenge: Some(Challenge::Slack),
            content: Content::FormOrFields,
            ..Scheme::hmac(Hash::Sha256, "X-Slack-Signature")
        },
    },
    Preset {
        name: "zoom",
        about: "Zoom",
        scheme: || Scheme {
            prefix: Prefix::exact("v0="),
            signed: signed("v0:{ts}:{body}"),
            timestamp: stamp(StampPlace::Header("x-zm-request-timestamp".to_owned())),
            id: places("sha256"),
            event: event("json:/event"),
            challenge: Some(Challenge::Zoom),
            ..Scheme::hmac(Hash::Sha256, "x-zm-signature")
        },
    },
    Preset {
        name: "buildkite",
        about: "Buildkite",
        scheme: || Scheme {
            list: list(',', '=', "signature"),
            signed: signed("{ts}.{body}"),
            timestamp: stamp(StampPlace::Signature("timestamp".to_owned())),
            id: places("sha256"),
            event: event("header:X-Buildkite-Event"),
            ..Scheme::hmac(Hash::Sha256, "X-Buildkite-Signature")
        },
    },
    Preset {
        name: "pagerduty",
        about: "PagerDuty",
        scheme: || Scheme {
            list: list(',', '=', "v1"),
            id: places("json:/event/id"),
            event: event("json:/event/event_type"),
            ping: vec!["pagey.ping".to_owned()],
            ..Scheme::hmac(Hash::Sha256, "X-PagerDuty-Signature")
        },
    },
    Preset {
        name: "circleci",
        about: "CircleCI",
        scheme: || Scheme {
            list: list(',', '=', "v1"),
            id: places("json:/id"),
            event: event("json:/type"),
            ..Scheme::hmac(Hash::Sha256, "circleci-signature")
        },
    },
    Preset {
        name: "linear",
        about: "Linear",
        scheme: || Scheme {
            timestamp: linear_stamp(),
            id: places("header:Linear-Delivery"),
            event: event("header:Linear-Event"),
            ..Scheme::hmac(Hash::Sha256, "Linear-Signature")
        },
    },
    Preset {
        name: "sentry",
        about: "Sentry",
        scheme: || Scheme {
            id: places("header:Request-ID"),
            event: event("header:Sentry-Hook-Resource"),
            ..Scheme::hmac(Hash::Sha256, "Sentry-Hook-Signature")
        },
    },
    Preset {
        name: "grafana",
        about: "Grafana alerts",
        scheme: || Scheme {
            id: places("sha256"),
            event: event("json:/status"),
            ..Scheme::hmac(Hash::Sha256, "X-Grafana-Alerting-Signature")
        },
    },
    Preset {
        name: "grafana-ts",
        about: "Grafana alerts with a timestamp header",
        scheme: || Scheme {
            signed: signed("{ts}:{body}"),
            timestamp: stamp(StampPlace::Header("X-Grafana-Alerting-Signature-Timestamp".to_owned())),
            id: places("sha256"),
            event: event("json:/status"),
            ..Scheme::hmac(Hash::Sha256, "X-Grafana-Alerting-Signature")
        },
    },
    Preset {
        name: "sonarqube",
        about: "SonarQube",
        scheme: || Scheme { id: places("json:/taskId"), ..Scheme::hmac(Hash::Sha256, "X-Sonar-Webhook-HMAC-SHA256") },
    },
    Preset {
        name: "jfrog-signed",
        about: "JFrog, signed",
        scheme: || Scheme {
            id: places("sha256"),
            event: event("json:/event_type"),
            ..Scheme::hmac(Hash::Sha256, "X-JFrog-Event-Auth")
        },
    },
    Preset {
        name: "jfrog-token",
        about: "JFrog, token",
        scheme: || Scheme {
            id: places("sha256"),
            event: event("json:/event_type"),
            ..Scheme::token("X-JFrog-Event-Auth")
        },
    },
    Preset {
        name: "npm",
        about: "npm hooks",
        scheme: || Scheme {
            prefix: Prefix::exact("sha256="),
            id: places("sha256"),
            event: event("json:/event"),
            ..Scheme::hmac(Hash::Sha256, "x-npm-signature")
        },
    },
    Preset {
        name: "dropbox",
        about: "Dropbox",
        scheme: || Scheme {
            id: places("sha256"),
            challenge: Some(Challenge::Dropbox),
            ..Scheme::hmac(Hash::Sha256, "X-Dropbox-Signature")
        },
    },
    Preset {
        name: "terraform",
        about: "Terraform Cloud and Enterprise",
        scheme: || Scheme {
            id: places("sha256"),
            event: event("json:/notifications/0/trigger"),
            ping: vec!["verification".to_owned()],
            ..Scheme::hmac(Hash::Sha512, "X-TFE-Notification-Signature")
        },
    },
    Preset {
        name: "shopify",
        about: "Shopify",
        scheme: || Scheme {
            encoding: Encoding::Base64,
            id: places("header:X-Shopify-Event-Id|header:X-Shopify-Webhook-Id"),
            event: event("header:X-Shopify-Topic"),
            ..Scheme::hmac(Hash::Sha256, "X-Shopify-Hmac-SHA256")
        },
    },
    Preset {
        name: "heroku",
        about: "Heroku",
        scheme: || Scheme {
            encoding: Encoding::Base64,
            id: places("json:/id"),
            event: event("json:/resource"),
            ..Scheme::hmac(Hash::Sha256, "Heroku-Webhook-Hmac-SHA256")
        },
    },
    Preset {
        name: "twilio",
        about: "Twilio",
        scheme: || Scheme {
            encoding: Encoding::Base64,
            signed: signed("{url}{form_sorted}"),
            body_digest: Some("bodySHA256".to_owned()),
            content: Content::Fields,
            id: places("header:I-Twilio-Idempotency-Token"),
            ..Scheme::hmac(Hash::Sha1, "X-Twilio-Signature")
        },
    },
    Preset {
        name: "discord",
        about: "Discord",
        scheme: || Scheme {
            kind: Kind::Ed25519,
            key: KeyForm::hex(),
            encoding: Encoding::LowerHex,
            signed: signed("{ts}{body}"),
            timestamp: stamp(StampPlace::Header("X-Signature-Timestamp".to_owned())),
            id: places("sha256"),
            event: event("json:/event/type"),
            challenge: Some(Challenge::Discord),
            ..Scheme::token("X-Signature-Ed25519")
        },
    },
    Preset {
        name: "standard-webhooks-ed25519",
        about: "Standard Webhooks with a public key",
        scheme: || Scheme {
            kind: Kind::Ed25519,
            key: KeyForm::base64(&["whpk_", "whsk_"]),
            encoding: Encoding::Base64,
            list: list(' ', ',', "v1a"),
            signed: signed("{id}.{ts}.{body}"),
            timestamp: stamp(StampPlace::Header("webhook-timestamp".to_owned())),
            id: places("header:webhook-id"),
            event: event("json:/type"),
            ..Scheme::token("webhook-signature")
        },
    },
    Preset {
        name: "bearer",
        about: "a bearer token, as Alertmanager sends it",
        scheme: || Scheme {
            prefix: Prefix { any_case: true, ..Prefix::exact("Bearer ") },
            id: places("sha256"),
            ..Scheme::token("Authorization")
        },
    },
    Preset {
        name: "header-token",
        about: "a token in a header of your choice",
        scheme: || Scheme { id: places("sha256"), ..Scheme::token("Authorization") },
    },
    Preset {
        name: "basic",
        about: "user and password, as Azure DevOps service hooks send them",
        scheme: || Scheme {
            kind: Kind::Basic,
            encoding: Encoding::Base64,
            prefix: Prefix { any_case: true, ..Prefix::exact("Basic ") },
            id: places("sha256"),
            ..Scheme::token("Authorization")
        },
    },
    Preset {
        name: "aws-sns",
        about: "Amazon's notifications (SNS)",
        scheme: || Scheme {
            kind: Kind::Sns,
            carrier: Carrier::Body,
            id: places("json:/MessageId"),
            event: event("header:x-amz-sns-message-type"),
            ping: vec!["SubscriptionConfirmation".to_owned(), "UnsubscribeConfirmation".to_owned()],
            challenge: Some(Challenge::Sns),
            ..Scheme::token("")
        },
    },
];

fn places(text: &str) -> Vec<Source> {
    Source::parse_all(text).expect("the table is right: a test reads every row")
}

fn event(text: &str) -> Option<Event> {
    Some(Event { sources: places(text), form: EventForm::Plain })
}

fn signed(text: &str) -> Signed {
    Signed::parse(text).expect("the table is right: a test reads every row")
}

fn list(separator: char, assign: char, key: &str) -> Option<List> {
    Some(List { separator, assign, keys: vec![key.to_owned()] })
}

fn stamp(place: StampPlace) -> Option<Stamp> {
    Some(Stamp { place, unit: Unit::Seconds, tolerance: TOLERANCE_DEFAULT })
}

fn linear_stamp() -> Option<Stamp> {
    let place = StampPlace::Json(Pointer::parse("/webhookTimestamp").expect("a pointer"));
    Some(Stamp { place, unit: Unit::Milliseconds, tolerance: LINEAR_TOLERANCE })
}
