//! What a step leaves that has payload text, files above all, and the later steps that run it or only read it.

use super::folder;

/// Steps that write payload text to a file, each with one behind it that runs the file, and with one that does not.
const CARRIED: &[(&str, &str, &str)] = &[
    (
        "bash: echo \"${{ x }}\" > \"$HOME/cfg\"",
        "bash: sh \"$HOME/cfg\"",
        "bash: cat \"$HOME/cfg\"; sh \"$HOME/build.sh\"",
    ),
    (
        "bash: echo \"${{ x }}\" > $(Build.ArtifactStagingDirectory)/cfg",
        "bash: . $(Build.ArtifactStagingDirectory)/cfg",
        "bash: wc -c $(Build.ArtifactStagingDirectory)/cfg; bash $(Build.ArtifactStagingDirectory)/build.sh",
    ),
    ("bash: echo \"${{ x }}\" > ./out/../cfg", "bash: bash cfg", "bash: bash build.sh"),
    ("bash: F=cfg; echo \"${{ x }}\" > \"$F\"", "bash: sh cfg", "bash: sh build.sh cfg"),
    ("bash: echo \"${{ x }}\" > \"${OUT}.txt\"", "bash: sh \"$OUT.txt\"", "bash: cat \"$OUT.txt\""),
    ("script: F=cfg; echo \"${{ x }}\" | tee \"$HOME/$F\"", "bash: source ~/cfg", "bash: cat ~/cfg"),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: open('out/cfg', 'w').write(\"${{ x }}\")",
        "bash: sh out/cfg",
        "bash: cat out/cfg; sh build.sh",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > f",
        "bash: |\n    r=sh; \"$r\" f",
        "bash: |\n    r=cat; \"$r\" f; c=sh; \"$c\" build.sh",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > f",
        "bash: |\n    ln -s /bin/sh s; ./s f",
        "bash: |\n    ln -s /bin/cat s; ./s f",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > m; git add m; git commit -q -F m",
        "bash: |\n    git log -1 --format=%s | sh",
        "bash: |\n    git log -1 --format=%s | cat; sh build.sh",
    ),
    (
        "bash: |\n    git commit -m \"${{ x }}\"",
        "bash: |\n    GIT_EDITOR=sh git commit --amend",
        "bash: |\n    GIT_EDITOR=true git commit --amend; sh build.sh",
    ),
    ("bash: |\n    echo \"${{ x }}\" > d.txt", "bash: |\n    sh ./*.txt", "bash: |\n    sh ./*.sh; cat *.txt"),
    (
        "bash: |\n    echo \"${{ x }}\" > d.txt",
        "bash: |\n    for s in *; do sh \"$s\"; done",
        "bash: |\n    for s in scripts/*.sh; do sh \"$s\"; done; wc -l *.txt",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > d.txt",
        "bash: |\n    s=(*); python3 \"${s[0]}\"",
        "bash: |\n    s=(*); echo \"${s[0]}\"; python3 build.py",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > d.txt",
        "bash: |\n    find . -type f -exec sh {} \\;",
        "bash: |\n    find . -name '*.log' -exec rm {} +",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > d.txt",
        "bash: |\n    ls | xargs -n1 sh",
        "bash: |\n    ls | xargs -n1 basename; ls -la | wc -l; sh \"$SCRIPT\"",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > \"out/$(Build.BuildId)\"",
        "bash: |\n    for s in out/*; do . \"$s\"; done",
        "bash: |\n    for s in out/*; do cat \"$s\"; done; . ./env.sh",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > \"$OUT\"",
        "bash: |\n    for s in *.cfg; do . \"./$s\"; done",
        "bash: |\n    cat *.cfg; . ./env.sh",
    ),
    (
        "bash: |\n    python3 -c 'import sys; open(\"f\", \"w\").write(sys.argv[1])' \"${{ x }}\"",
        "bash: |\n    sh f",
        "bash: |\n    cat f; sh build.sh",
    ),
    (
        "bash: |\n    node -e 'require(\"fs\").writeFileSync(\"f\", process.argv[1])' \"${{ x }}\"",
        "bash: |\n    cat f | sh",
        "bash: |\n    wc -c f; sh build.sh",
    ),
    ("bash: |\n    printf '%s' \"${{ x }}\" | dd of=f", "bash: |\n    . ./f", "bash: |\n    wc -c f; . ./env.sh"),
    (
        "bash: |\n    echo \"${{ x }}\" > f; gzip f",
        "bash: |\n    zcat f.gz | sh",
        "bash: |\n    zcat f.gz | wc -l; sh build.sh",
    ),
    (
        "bash: |\n    git config user.name \"${{ x }}\"",
        "bash: |\n    eval \"echo $(git config user.name)\"",
        "bash: |\n    git config user.name; sha=$(git rev-parse HEAD); eval \"echo $sha\"",
    ),
    (
        "bash: |\n    git commit -m \"${{ x }}\"",
        "bash: |\n    git log -1 --format=%s | sh",
        "bash: |\n    git log -1 --format=%s | cat; V=$(git describe --tags | sed 's/^v//'); helm upgrade app ./chart --set image.tag=\"$V\"",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > f; git add f; git commit -qm a",
        "bash: |\n    git show HEAD:f | sh",
        "bash: |\n    git show --stat; sh build.sh",
    ),
    (
        "bash: |\n    echo \"a: ${{ x }}\" > k8s/a.yaml",
        "bash: |\n    kubectl -n prod apply --recursive -f k8s/",
        "bash: |\n    kubectl -n prod logs -f web; wc -c k8s/a.yaml",
    ),
    (
        "bash: |\n    echo \"a: ${{ x }}\" > base/a.yaml",
        "bash: |\n    kubectl apply -k base",
        "bash: |\n    kubectl get -k base -o name; cat base/a.yaml",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > site.yml",
        "bash: |\n    ansible-playbook site.yml",
        "bash: |\n    cat site.yml; ansible-playbook deploy.yml",
    ),
    ("bash: |\n    logger \"${{ x }}\"", "bash: |\n    journalctl | sh", "bash: |\n    journalctl -n 5; sh build.sh"),
    (
        "bash: |\n    ln -s \"${{ x }}\" link",
        "bash: |\n    eval \"$(readlink link)\"",
        "bash: |\n    readlink link | wc -c; cd \"$(dirname \"$(readlink -f \"$0\")\")\" && sh build.sh",
    ),
    (
        "bash: |\n    mkdir \"${{ x }}\"",
        "bash: |\n    ls | sh",
        "bash: |\n    ls | wc -l; for f in *; do echo \"$f\"; done; sh build.sh",
    ),
    (
        "bash: |\n    touch -- \"${{ x }}\"",
        "bash: |\n    for f in *; do sh -c \"echo $f\"; done",
        "bash: |\n    for f in *; do sh -c 'echo \"$1\"' _ \"$f\"; done",
    ),
    (
        "bash: |\n    touch -- \"${{ x }}\"",
        "bash: |\n    for f in *; do eval \"$f\"; done",
        "bash: |\n    rm -f *.tmp; eval \"$(ssh-agent -s)\"",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import subprocess\n      subprocess.run(['tee', 'f'], input='${{ x }}', text=True)",
        "bash: |\n    sh f",
        "bash: |\n    wc -c f; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import logging\n      logging.basicConfig(filename='run.log')\n      logging.error('%s', '${{ x }}')",
        "bash: |\n    sh run.log",
        "bash: |\n    cat run.log; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import sys\n      sys.stdout = open('f', 'w')\n      print('${{ x }}')",
        "bash: |\n    . ./f",
        "bash: |\n    wc -l f; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      for n in ['run']:\n          open('%s.%s' % (n, 'cfg'), 'w').write('${{ x }}')",
        "bash: |\n    sh run.cfg",
        "bash: |\n    wc -c run.cfg; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      u = 'https://example.org/run.cfg'\n      n = u.split('/')[-1]\n      open(n, 'w').write('${{ x }}')",
        "bash: |\n    sh run.cfg",
        "bash: |\n    wc -c run.cfg; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import os\n      for n in ['run.j2']:\n          open(os.path.splitext(n)[0], 'w').write('${{ x }}')",
        "bash: |\n    sh run",
        "bash: |\n    wc -c run; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      texts = {'deploy': '${{ x }}'}\n      for n in texts:\n          open(n, 'w').write(texts[n])",
        "bash: |\n    sh deploy",
        "bash: |\n    wc -c deploy; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import urllib.request\n      urllib.request.urlretrieve('data:text/plain,' + urllib.request.quote('${{ x }}'), 'f')",
        "bash: |\n    sh f",
        "bash: |\n    wc -c f; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      class W:\n          def __init__(self, n): self.f = open(n, 'w')\n          def put(self, t): self.f.write(t)\n      W('run.txt').put('${{ x }}')",
        "bash: |\n    sh run.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      for n, t in {'run': '${{ x }}'}.items(): open(n, 'w').write(t)",
        "bash: |\n    sh run",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import argparse\n      p = argparse.ArgumentParser()\n      p.add_argument('--out', default='deploy.txt')\n      a = p.parse_args([])\n      open(a.out, 'w').write('${{ x }}')",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import os\n      open(os.environ.get('OUT', 'deploy.txt'), 'w').write('${{ x }}')",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      from dataclasses import dataclass\n      @dataclass\n      class C:\n          out: str = 'deploy.txt'\n      c = C()\n      open(c.out, 'w').write('${{ x }}')",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import os\n      tmp = 'deploy.txt.tmp'\n      open(tmp, 'w').write('${{ x }}')\n      os.replace(tmp, tmp[:-4])",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      def name(): return 'deploy.txt'\n      open(name(), 'w').write('${{ x }}')",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      files = {'out': 'deploy.txt', 'log': 'run.log'}\n      open(files['out'], 'w').write('${{ x }}')",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      NAMES = ['deploy.txt', 'b.txt']\n      for n in NAMES: open(n, 'w').write('${{ x }}')",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import sys\n      from pathlib import Path\n      n = sys.argv[0][:2]\n      (Path('out') / f'{n}.txt').write_text('${{ x }}')",
        "bash: |\n    for f in out/*.txt; do sh \"$f\"; done",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import traceback\n      try: raise ValueError('${{ x }}')\n      except ValueError:\n          with open('deploy.txt', 'w') as f: traceback.print_exc(file=f)",
        "bash: |\n    sh deploy.txt",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import dotenv\n      dotenv.set_key('.env', 'A', '${{ x }}')",
        "bash: |\n    . ./.env",
        "bash: |\n    wc -c out.txt; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import zipfile\n      zipfile.ZipFile('z.zip', 'w').writestr('f', '${{ x }}')",
        "bash: |\n    unzip -q z.zip; sh f",
        "bash: |\n    wc -c z.zip; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import os\n      open('a', 'w').write('${{ x }}')\n      os.rename('a', 'b.x')",
        "bash: |\n    bash b.x",
        "bash: |\n    wc -c b.x; sh build.sh",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > test_plan.txt",
        "bash: |\n    pytest",
        "bash: |\n    cat test_plan.txt; mocha; sh build.sh",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > docs/notes.rst",
        "bash: |\n    python3 -m pytest docs/notes.rst",
        "bash: |\n    cat docs/notes.rst; pytest -q tests",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > notes.md",
        "bash: |\n    pytest --doctest-glob='*.md'",
        "bash: |\n    cat notes.md; pytest",
    ),
    (
        "bash: |\n    echo \"${{ x }}\" > notes.txt",
        "bash: |\n    prove notes.txt",
        "bash: |\n    cat notes.txt; prove -r t",
    ),
    ("bash: |\n    echo \"${{ x }}\" > t/a.t", "bash: |\n    prove", "bash: |\n    cat t/a.t; pytest"),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: open('test_a.txt', 'w').write('${{ x }}')",
        "bash: |\n    timeout 60 pytest -q",
        "bash: |\n    wc -c test_a.txt; rspec",
    ),
    (
        "bash: |\n    echo \"image: ${{ x }}\" > stack.yml",
        "bash: |\n    docker compose -f stack.yml up -d",
        "bash: |\n    cat stack.yml; docker compose -f web.yml up -d",
    ),
    (
        "bash: |\n    ln -s notes run\n- bash: |\n    echo \"${{ x }}\" > notes",
        "bash: |\n    bash run",
        "bash: |\n    cat run; bash build.sh",
    ),
    (
        "bash: |\n    touch notes && ln notes run\n- bash: |\n    echo \"${{ x }}\" > notes",
        "bash: |\n    bash ./run",
        "bash: |\n    cat run; bash build.sh",
    ),
    (
        "bash: |\n    ln -s run log\n- bash: |\n    echo \"${{ x }}\" > log",
        "bash: |\n    . ./run",
        "bash: |\n    cat run; . ./env.sh",
    ),
    (
        "bash: |\n    n=notes; ln -sf $n run\n- bash: |\n    echo \"${{ x }}\" > notes",
        "bash: |\n    sh run",
        "bash: |\n    cat run; sh build.sh",
    ),
    (
        "bash: |\n    touch notes; cp -l notes run\n- bash: |\n    echo \"${{ x }}\" > notes",
        "bash: |\n    sh run",
        "bash: |\n    cat run; sh build.sh",
    ),
    (
        "bash: |\n    ln -s a b; ln -s b run\n- bash: |\n    echo \"${{ x }}\" > a",
        "bash: |\n    sh run",
        "bash: |\n    cat run; sh build.sh",
    ),
    (
        "task: PythonScript@0\n  inputs:\n    scriptSource: inline\n    script: |\n      import os\n      os.symlink('notes', 'run')\n- bash: |\n    echo \"${{ x }}\" > notes",
        "bash: |\n    sh run",
        "bash: |\n    cat run; sh build.sh",
    ),
];

#[test]
fn a_file_is_known_by_other_names_and_by_other_languages_in_a_later_step() {
    let with = |write: &str, then: &str| {
        let write = write.replace("${{ x }}", "${{ parameters.hook.title }}");
        folder("safe", &format!("steps:\n- {write}\n- {then}\n"))
    };
    for (write, running, reading) in CARRIED {
        let runs = with(write, running);
        for arguments in [&["render", "p", "--payload", "payload.json"][..], &["check"]] {
            let refused = runs.run(arguments).ended_with(1).stderr;
            assert!(refused.contains("it comes through"), "{arguments:?} of {write} and {running}: {refused}");
        }
        let reads = with(write, reading);
        reads.run(&["render", "p", "--payload", "payload.json"]).ended_with(0);
        reads.run(&["check"]).ended_with(0);
    }
}

/// Steps that write payload text to a file, each with one that reads it back, a value that it takes and one that it
/// refuses.
const READ_BACK: &[(&str, &str, &str, &str)] = &[
    ("echo \"${{ x }}\" > v", "tar cf o.tar \"$(cat v)\" v", "release", "-Itouch x"),
    ("echo \"${{ x }}\" > v", "b=$(cat v); git fetch origin \"$b\"", "main", "--upload-pack=touch x"),
    ("echo \"${{ x }}\" > v", "rm -rf \"build/$(cat v)\"", "release", "../.."),
    ("echo \"${{ x }}\" > v", "xargs rm -rf < v", "release", "/"),
    ("echo \"${{ x }}\" > v", "while read -r f; do git log \"$f\"; done < v", "main", "--output=x"),
    ("echo \"${{ x }}\" > v", "echo text > \"$(cat v)\"", "notes", "/etc/passwd"),
    ("echo \"${{ x }}\" > v", "curl -s \"$(cat v)\"", "https://example.com/x", "file:///etc/passwd"),
    ("echo \"${{ x }}\" > v", "sed \"s/a/$(cat v)/\" f", "text", "x/e; y"),
    ("echo \"${{ x }}\" > v", "docker build -t \"app:$(cat v)\" .", "1.2.3", ""),
    ("echo \"${{ x }}\" > v", "kubectl apply -f v", "one line", "a\\nb: c"),
    ("echo \"a: ${{ x }}\" > a.yml", "cat a.yml | kubectl create -f -", "one line", "a\\nb: c"),
    ("echo \"a: ${{ x }}\" > v.yaml", "helm upgrade app ./chart --values v.yaml", "one line", "a\\nb: c"),
    ("echo \"a = ${{ x }}\" > v", "terraform plan -var-file=v", "one line", "a\\nb = 1"),
    (
        "echo \"a: ${{ x }}\" > t.yml",
        "aws cloudformation deploy --stack-name a --template-file t.yml",
        "a b",
        "a\\nb: c",
    ),
    ("echo \"${{ x }}\" > v; cp v w", "git log \"$(cat w)\"", "main", "--output=x"),
    ("x=\"${{ x }}\"; echo \"${x#v}\" > v", "git tag \"$(cat v)\"", "v1.2", "v-d1.2"),
    ("x=\"${{ x }}\"; y=b; echo \"$y-$x\" > v", "git tag \"$(cat v)\"", "1.2", "--delete"),
    ("echo \"${{ x }}\" > v", "git commit -m \"$(cat v)\"; cat v", "any -text; $(x)", ""),
];

#[test]
fn what_a_later_step_reads_back_is_payload_text_there() {
    for (write, read, ordinary, hostile) in READ_BACK {
        let write = write.replace("${{ x }}", "${{ parameters.hook.title }}");
        let folder = folder("safe", &format!("steps:\n- bash: |\n    {write}\n- bash: |\n    {read}\n"));
        folder.write("payload.json", &format!("{{\"title\": \"{ordinary}\"}}"));
        folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(0);
        if !hostile.is_empty() {
            folder.write("payload.json", &format!("{{\"title\": \"{hostile}\"}}"));
            let refused = folder.run(&["render", "p", "--payload", "payload.json"]).ended_with(1).stderr;
            assert!(refused.contains("tainted-in-script"), "{read}: {refused}");
        }
    }
}

/// Scripts that fill a template with all variables, without a list of them.
const FILLED: &[(&str, bool)] = &[
    ("envsubst < t.tmpl > page.html; cat page.html", true),
    ("envsubst '$HOME' < t.tmpl; sh build.sh", true),
    ("envsubst < t.tmpl > out.sh; sh out.sh", false),
    ("envsubst < t.tmpl | sh", false),
    ("cat t.tmpl | envsubst > o; sh o", false),
    ("eval \"$(envsubst < t.tmpl)\"", false),
    ("ssh host \"$(envsubst < t.tmpl)\"", false),
];

#[test]
fn a_template_that_all_variables_fill_is_payload_text() {
    for (script, is_taken) in FILLED {
        let step = format!("steps:\n- bash: |\n    {script}\n  env:\n    V: ${{{{ parameters.hook.title }}}}\n");
        let status = if *is_taken { 0 } else { 1 };
        folder("safe", &step).run(&["render", "p", "--payload", "payload.json"]).ended_with(status);
    }
}
