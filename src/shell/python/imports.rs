//! Files that a Python script writes and then runs by a name that its author did not write down: a module of its own that
//! it imports, a file that a builder looks for.
//!
//! What `open('settings.py', 'w')` writes is refused by that name. Where the name comes out of a loop, a dictionary, a
//! format or a list of files, nobody reads it off: then the file may be each that the script imports or has run.

use super::library;
use super::modules::fits;
use super::scopes::Line;
use super::sink::Judge;
use super::texts::{Item, UNKNOWN};
use super::tree::{Expr, Statement};
use crate::shell::filename::base;
use crate::shell::program::Holes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Modules of others that are installed where scripts use them: no file of the folder in which the script runs.
static INSTALLED: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
    "OpenSSL PIL absl aiofiles aiohttp alembic altair ansible anyio apprise arrow attr attrs azure babel backoff bcrypt \
     black bleach blinker boltons bottle boto3 botocore bs4 cachetools celery certifi cffi chardet charset_normalizer \
     click cloudpickle colorama colorlog coverage croniter cryptography cssselect databricks dateutil dbt deepdiff \
     defusedxml deprecated devtools dill discord distro django dns docker docopt docutils dotenv duckdb elasticsearch \
     email_validator emoji environs faker fabric fastapi feedparser filelock fire flake8 flask freezegun fsspec genson \
     gevent git github gitlab google graphql greenlet gspread gunicorn httpx humanize humps hvac hypothesis idna \
     importlib_metadata importlib_resources inflection influxdb_client invoke isort itsdangerous jenkins jinja2 jira \
     jmespath joblib jose jsonpath_ng jsonschema jwt kafka keyring kubernetes ldap3 loguru lxml mako markdown \
     markdown_it markupsafe marshmallow matplotlib mock more_itertools msal msgpack msrest multidict mypy mysql \
     nacl networkx nltk nox numpy oauthlib openai openpyxl opentelemetry orjson packaging pandas paramiko passlib \
     pathspec peewee pendulum pexpect pika pip pkg_resources platformdirs playwright plotly pluggy polars prettytable \
     prometheus_client psutil psycopg psycopg2 pyarrow pydantic pygments pymongo pymysql pyodbc pyparsing pypdf \
     pytest pytz rapidfuzz redis regex requests requests_oauthlib requests_toolbelt responses rich ruamel ruff \
     scipy scrapy selenium semantic_version semver sendgrid sentry_sdk setuptools sh shapely simplejson six sklearn \
     slack slack_sdk slugify snowflake sqlalchemy sqlparse starlette stripe structlog tabulate telegram tenacity \
     termcolor tinydb toml tomli tomli_w tomlkit toolz tornado tox tqdm trio twilio twine typer typing_extensions \
     tzlocal ujson unidecode urllib3 uvicorn virtualenv watchdog websocket websockets werkzeug wheel xlrd xlsxwriter \
     xmltodict yaml yarl zipp"
        .split_whitespace()
        .collect()
});

/// Programs that look for files in the folder in which they start, and examples of the names of what they run or obey.
const BUILDERS: &[(&[&str], &[&str])] = &[
    (&["make", "gmake"], &["Makefile", "makefile", "GNUmakefile", "rules.mk"]),
    (&["cmake", "ctest"], &["CMakeLists.txt", "CTestTestfile.cmake"]),
    (&["ninja"], &["build.ninja"]),
    (&["meson"], &["meson.build"]),
    (&["scons"], &["SConstruct"]),
    (&["bazel", "bazelisk"], &["BUILD", "WORKSPACE", ".bazelrc", "rules.bzl"]),
    (
        &["npm", "npx", "yarn", "pnpm", "node", "bun", "deno", "jest", "eslint", "tsc", "webpack", "vite"],
        &["package.json", "index.js", ".npmrc", "tsconfig.json"],
    ),
    (&["mvn", "mvnw"], &["pom.xml"]),
    (&["gradle", "gradlew"], &["build.gradle", "build.gradle.kts"]),
    (&["ant"], &["build.xml"]),
    (&["rake", "bundle"], &["Rakefile", "Gemfile"]),
    (&["docker-compose"], &["docker-compose.yml", "compose.yaml", ".env"]),
    (&["ansible-playbook"], &["site.yml", "ansible.cfg"]),
    (&["terraform", "tofu"], &["main.tf", "a.auto.tfvars"]),
    (&["packer"], &["a.pkr.hcl"]),
    (&["just"], &["justfile"]),
    (&["task"], &["Taskfile.yml"]),
    (&["vagrant"], &["Vagrantfile"]),
    (&["cargo"], &["Cargo.toml", "build.rs", "config.toml"]),
    (&["go"], &["main.go", "go.mod"]),
    (&["dotnet", "msbuild", "nuget"], &["a.csproj", "Directory.Build.props", "a.targets", "nuget.config"]),
    (&["composer"], &["composer.json"]),
    (
        &["pytest", "tox", "nox", "py.test", "pip", "pip3", "poetry", "hatch", "uv", "build", "twine", "sphinx-build"],
        &["conftest.py", "setup.py", "setup.cfg", "pyproject.toml", "tox.ini", "pytest.ini"],
    ),
    (&["mkdocs"], &["mkdocs.yml"]),
    (&["pre-commit"], &[".pre-commit-config.yaml"]),
];

/// What a module may be beside `name.py`.
const MODULE_FILES: &[&str] = &["__init__.py"];

/// Ends of names of files that are modules.
const MODULE_ENDS: &[&str] = &[".py", ".pyc", ".so"];

impl Judge<'_> {
    /// Refuses payload text that is written to what may be a file that the script imports or has run.
    pub(super) fn judge_own_files(&mut self, lines: &[Line<'_>]) {
        let written = self.own_files(lines);
        let mut active: Option<Holes> = None;
        for line in lines {
            self.line = line.number;
            for statement in &line.statements {
                for module in own_modules(statement) {
                    let held = holes_of(&written, |file| may_be_module(file, &module));
                    self.refuse(
                        &held,
                        &format!("written to a file that may be the module `{module}`, which the script imports"),
                    );
                    if self.made.iter().any(|file| is_module(base(file), &module)) {
                        let all = || lines.iter().flat_map(|line| self.whole_sources(line.tokens)).collect();
                        let all = active.get_or_insert_with(all).clone();
                        self.refuse(&all, &format!("in a script that imports `{module}`, which it writes itself"));
                    }
                }
                for program in self.programs(statement) {
                    let is_own = |file: &str| program.contains('/') && fits(&pattern(file), base(&program));
                    let held = holes_of(&written, |file| {
                        file.contains(UNKNOWN) && (is_own(file) || may_be_built(file, base(&program)))
                    });
                    let reason =
                        format!("written to a file whose name is not written down, and which `{program}` may run");
                    self.refuse(&held, &reason);
                }
            }
        }
        self.line = None;
    }

    /// Returns the last parts of the names of the files to which payload text is written, with what nobody reads off in
    /// them, and what is written to each.
    fn own_files(&self, lines: &[Line<'_>]) -> Vec<(String, Holes)> {
        let mut files: BTreeMap<String, Holes> = BTreeMap::new();
        for (file, holes) in self.written.iter().chain(&self.moved) {
            files.entry(base(file).to_owned()).or_default().extend(holes);
        }
        if !self.unnamed.is_empty() {
            // It is one of the files that the script opens, or one that something of others opens for it.
            let mut opened: BTreeSet<String> = BTreeSet::new();
            let statements = lines.iter().flat_map(|line| &line.statements);
            for expression in statements.flat_map(Statement::expressions) {
                expression.walk(&mut |inner| opened.extend(self.opened_to_write(inner)));
            }
            if opened.is_empty() {
                let tokens = lines.iter().flat_map(|line| line.tokens);
                opened = super::unnamed::own_names(tokens);
            }
            for file in opened {
                files.entry(base(&file).to_owned()).or_default().extend(&self.unnamed);
            }
        }
        files.into_iter().collect()
    }

    /// Returns the first words of the programs that a statement starts with lists of words.
    fn programs(&self, statement: &Statement) -> BTreeSet<String> {
        let mut programs = BTreeSet::new();
        for expression in statement.expressions() {
            expression.walk(&mut |inner| {
                let Expr::Call(callee, arguments) = inner else { return };
                if !self.is_starting(callee) || self.gives_shell(arguments) {
                    return;
                }
                let first = arguments.iter().find(|it| matches!(it.name.as_deref(), None | Some("args")));
                for list in first.and_then(|first| self.lists(&first.value, 0)).unwrap_or_default() {
                    if let Some(Item::Word(word)) = list.first() {
                        programs.extend(self.texts(word, 0));
                    }
                }
            });
        }
        programs
    }
}

/// Returns the modules that a statement imports and that are neither the library's nor known to be installed.
fn own_modules(statement: &Statement) -> BTreeSet<String> {
    let mut brought: BTreeSet<String> = match statement {
        Statement::Import(brought) => brought.iter().map(|(full, _)| full.clone()).collect(),
        _ => BTreeSet::new(),
    };
    for expression in statement.expressions() {
        expression.walk(&mut |inner| {
            if let Expr::Call(callee, arguments) = inner
                && matches!(callee.last_name(), Some("__import__" | "import_module"))
            {
                brought.extend(arguments.first().and_then(|it| it.value.text()));
            }
        });
    }
    let roots = brought.iter().map(|full| full.split('.').next().unwrap_or_default());
    let is_own = |root: &&str| !root.is_empty() && !library::is_module(root) && !INSTALLED.contains(root);
    roots.filter(is_own).map(str::to_owned).collect()
}

fn holes_of(written: &[(String, Holes)], is_one: impl Fn(&str) -> bool) -> Holes {
    written.iter().filter(|(file, _)| is_one(file)).flat_map(|(_, holes)| holes).copied().collect()
}

/// Returns a name with `*` for what nobody reads off in it.
fn pattern(file: &str) -> String {
    file.replace(UNKNOWN, "*")
}

fn is_module(file: &str, module: &str) -> bool {
    MODULE_ENDS.iter().any(|end| file.strip_suffix(end) == Some(module))
}

/// Says whether a file may be a module, or a part of it that is a folder.
fn may_be_module(file: &str, module: &str) -> bool {
    let pattern = pattern(file);
    let names = MODULE_ENDS.iter().map(|end| format!("{module}{end}"));
    names.chain(MODULE_FILES.iter().map(|it| (*it).to_owned())).any(|name| fits(&pattern, &name))
}

/// Says whether a program runs files that it finds by their names, or is told.
pub(super) fn is_builder(program: &str) -> bool {
    BUILDERS.iter().any(|(programs, _)| programs.contains(&program))
}

/// Says whether a file may be one that a builder looks for.
fn may_be_built(file: &str, program: &str) -> bool {
    let pattern = pattern(file);
    let rows = BUILDERS.iter().filter(|(programs, _)| programs.contains(&program));
    rows.flat_map(|(_, files)| *files).any(|name| fits(&pattern, name))
}
