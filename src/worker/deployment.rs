//! What a deployment job deploys to, told so that people see which one was the last.

use super::job::Execution;
use super::journal::Broken;
use crate::diagnostic::shown;
use crate::pipeline::plan::HookPoint;
use crate::store::Deployed;
use crate::taint::Text;

/// The most characters of the name of an environment or a resource.
const NAME_MAX: usize = 255;

/// Notes that the job deploys, if it is the hook that does. A name that has a payload's text in it
/// is a name all the same: it is only shown.
pub(super) async fn note(execution: &mut Execution<'_>) -> Result<(), Broken> {
    let job = execution.job;
    let Some(deployment) = &job.job().deployment else { return Ok(()) };
    let is_deploy = job.leg().turn().is_some_and(|turn| turn.hook.point == HookPoint::Deploy);
    let Some(environment) = deployment.environment.as_ref().filter(|_| is_deploy) else { return Ok(()) };
    let variables = &execution.variables;
    let name = |text: &Text| {
        let expanded = variables.expand(text).unwrap_or_else(|_| text.clone());
        shown(expanded.flatten().trim()).chars().take(NAME_MAX).collect::<String>()
    };
    let resource = environment.resource_name.as_ref().or(environment.resource_id.as_ref()).map(name);
    let deployed = Deployed {
        environment: name(&environment.name),
        resource: resource.filter(|resource| !resource.is_empty()),
        job: format!("{}/{}", job.stage().name, job.leg().full_name()),
        at: job.host.clock.now(),
    };
    execution.desk.deployed(deployed).await
}
