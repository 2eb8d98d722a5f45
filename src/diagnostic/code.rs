//! One word per kind of mistake, and the long text behind it.
//!
//! A code is added here in the section of the module that reports it, with a text of the same
//! name in `explain/`: what the mistake is, an example, and how to mend it.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($($name:ident $word:literal,)*) => {
        /// A kind of mistake. The word is part of the outward contract: it never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the text in explain/ is the documentation")]
        pub enum Code {
            $(#[serde(rename = $word)] $name,)*
        }

        impl Code {
            /// Every code, in the order of the road.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the word, such as `not-a-string`.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// Returns the long text that `pipehook explain` prints.
            pub fn explanation(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("explain/", $word, ".md")),)*
                }
            }
        }
    };
}

codes! {
    // Files and YAML.
    UnreadableFile "unreadable-file",
    YamlSyntax "yaml-syntax",
    YamlLimit "yaml-limit",
    YamlAnchor "yaml-anchor",
    YamlTag "yaml-tag",
    DuplicateKey "duplicate-key",
    Indentation "indentation",
    // Expressions.
    ExpressionSyntax "expression-syntax",
    UnknownName "unknown-name",
    UnknownMember "unknown-member",
    UnknownFunction "unknown-function",
    ArgumentCount "argument-count",
    Conversion "conversion",
    ExpressionLimit "expression-limit",
    // Templates.
    Directive "directive",
    UnknownTemplate "unknown-template",
    TemplateCycle "template-cycle",
    UnknownGroup "unknown-group",
    // Expansion.
    NotAString "not-a-string",
    TaintedStructure "tainted-structure",
    TaintedCondition "tainted-condition",
    TaintedChoice "tainted-choice",
    ExpansionLimit "expansion-limit",
    // Scripts.
    TaintedInScript "tainted-in-script",
    // Pipelines.
    PipelineName "pipeline-name",
    UnknownKey "unknown-key",
    MissingKey "missing-key",
    WrongType "wrong-type",
    InvalidValue "invalid-value",
    FirstKey "first-key",
    OldForm "old-form",
    NoEffect "no-effect",
    Unsupported "unsupported",
    DuplicateName "duplicate-name",
    UnknownDependency "unknown-dependency",
    DependencyCycle "dependency-cycle",
    UnknownOutput "unknown-output",
    UnknownResource "unknown-resource",
    UnknownTask "unknown-task",
    UnknownInput "unknown-input",
    MissingInput "missing-input",
    AgentlessJob "agentless-job",
    MissingProgram "missing-program",
    UnservedPool "unserved-pool",
    RunName "run-name",
    MissingParameter "missing-parameter",
    UnknownParameter "unknown-parameter",
    UnknownConnection "unknown-connection",
    UnknownPipeline "unknown-pipeline",
    FilterPath "filter-path",
    FilterPattern "filter-pattern",
    UnsignedFilter "unsigned-filter",
    // The queue.
    NotStarted "not-started",
    // Configuration.
    Configuration "configuration",
    ReplayProtection "replay-protection",
    OpenTopics "open-topics",
}

impl Code {
    /// Returns the code that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.word() == word)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
