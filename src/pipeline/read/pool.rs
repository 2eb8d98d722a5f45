//! Which workers may run something (reference, section 5.8).

use super::Reader;
use crate::diagnostic::{Code, Diagnostic, shown};
use crate::pipeline::model::{POOL_DEFAULT, Placed, Pool};
use crate::pipeline::plan::Demand;
use crate::pipeline::value::{entries, entry, is_nothing, member, names, own};
use crate::template::Node;

/// The pool of a cloud's machines in files that were written for it; here it is the default pool.
const CLOUD: &str = "Azure Pipelines";
/// What is in the names of a cloud's images of other systems than Linux.
const FOREIGN: [(&str, &str); 2] = [("win", "Windows"), ("macos", "macOS")];
/// What stands between a capability and its value in a demand.
const EQUALS: &str = "-equals";
/// What stands between a capability and the least version that it must have.
const AT_LEAST: &str = "-gtVersion";

impl Reader<'_> {
    /// Returns the pool. One that only asks for an image of a cloud is the default pool, so that a
    /// file that was written for such images works as it is.
    pub(super) fn pool(&mut self, node: &Node) -> Option<Pool> {
        if is_nothing(node) {
            return None;
        }
        if entries(node).is_empty() {
            return self.pool_name(node).map(|name| Pool { name, span: Some(node.span), ..Pool::default() });
        }
        let named = member(node, "name").and_then(|name| Some((self.pool_name(name)?, name.span)));
        let (name, span) = named.unzip();
        let demands = self.demands(node);
        self.foreign_image(node);
        Some(Pool { name: name.unwrap_or_else(|| POOL_DEFAULT.to_owned()), span, demands })
    }

    /// An image of another system than the workers' is told: the scripts written for it won't run.
    fn foreign_image(&mut self, pool: &Node) {
        let Some(image) = member(pool, "vmImage").and_then(own) else { return };
        let name = image.value.to_ascii_lowercase();
        let Some((_, system)) = FOREIGN.iter().find(|(part, _)| name.contains(part)) else { return };
        let title =
            format!("`{}` is not used: the job runs on the machine of a worker, with Linux", shown(&image.value));
        let label = format!("there is no {system} here");
        let warning = Diagnostic::warning(Code::NoEffect, title, image.span, label);
        self.diagnostics.push(warning.help("write `ubuntu-latest`, or nothing, if the steps run on Linux too"));
    }

    fn pool_name(&mut self, node: &Node) -> Option<String> {
        let name = own(node).filter(|name| !name.value.is_empty())?;
        let name = self.with_known_macros(name, "the name of a pool")?;
        match name.value.as_str() {
            CLOUD => return Some(POOL_DEFAULT.to_owned()),
            other if other.eq_ignore_ascii_case(POOL_DEFAULT) => return Some(POOL_DEFAULT.to_owned()),
            _ => {}
        }
        Some(name.value)
    }

    /// Workers say by their pools what they can do, so demands are not compared with anything.
    fn demands(&mut self, pool: &Node) -> Vec<Demand> {
        let Some(entry) = entry(pool, "demands").filter(|entry| !is_nothing(&entry.value)) else { return Vec::new() };
        let title = "demands are not looked at: the pool's name alone decides which worker runs a job";
        let help = "give the workers that meet them a pool of their own, and name that";
        let warning = Diagnostic::warning(Code::NoEffect, title, entry.key_span, "this has no effect");
        self.diagnostics.push(warning.help(help));
        names(&entry.value).into_iter().filter_map(|demand| self.demand(&demand)).collect()
    }

    /// `name`, `name -equals value`, or `name -gtVersion 1.2`.
    fn demand(&mut self, written: &Placed<String>) -> Option<Demand> {
        let mut words = written.value.split_whitespace();
        let name = words.next()?.to_owned();
        let any = Demand { name, equals: None, at_least: None };
        let Some(compared) = words.next() else { return Some(any) };
        let value = words.collect::<Vec<_>>().join(" ");
        if compared.eq_ignore_ascii_case(EQUALS) && !value.is_empty() {
            return Some(Demand { equals: Some(value), ..any });
        }
        let is_version = value.split('.').all(|part| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit()));
        if compared.eq_ignore_ascii_case(AT_LEAST) && is_version {
            return Some(Demand { at_least: Some(value), ..any });
        }
        let name = any.name;
        let title = format!("`{}` is no demand", shown(&written.value));
        let wrong = Diagnostic::error(Code::InvalidValue, title, written.span, "this has another form");
        self.diagnostics
            .push(wrong.help(format!("write `{name}`, `{name} {EQUALS} value` or `{name} {AT_LEAST} 1.2`")));
        None
    }
}
