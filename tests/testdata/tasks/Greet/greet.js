// A task as people write them, with the pipeline language's own library.
const tl = require('azure-pipelines-task-lib/task');

async function run() {
    const who = tl.getInput('who', true);
    const loud = tl.getBoolInput('loud', false);
    tl.assertAgent('2.115.0');
    console.log(`Hello, ${loud ? who.toUpperCase() : who}!`);
    console.log(`notes at ${tl.getPathInput('notes', false)}, given: ${tl.filePathSupplied('notes')}`);
    console.log(`color ${tl.getVariable('My.Color')}, token ${tl.getVariable('token')}`);
    console.log(`in the environment: ${'TOKEN' in process.env} ${'SECRET_TOKEN' in process.env}`);
    const known = tl.getVariables().map(variable => `${variable.name}${variable.secret ? ' (secret)' : ''}`);
    console.log(`knows ${known.filter(name => /^(my|token)/i.test(name)).sort().join(', ')}`);
    tl.warning('a warning; with 100 % [signs]');
    tl.setVariable('greeted', who);
    tl.setVariable('code', 'hush', true);
    tl.setVariable('out', `[${who}]; 5 %`, false, true);
    tl.setSecret('whisper');
    console.log('a whisper');
    const line = tl.getInput('tool line', false);
    if (line) {
        await tl.tool(tl.which('echo', true)).line(line).exec();
    }
    if (who === 'nobody') {
        tl.setResult(tl.TaskResult.Failed, 'nobody is there');
    } else if (who === 'somebody') {
        tl.setResult(tl.TaskResult.SucceededWithIssues, 'who?');
    }
}

run().catch(error => tl.setResult(tl.TaskResult.Failed, error.message));
