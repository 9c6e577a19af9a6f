//! The jobs for Kubernetes, Helm and Argo CD.

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{database, execute, on, output};
use crate::{list, parsed, read, text, yaml};

/// The chart's hook, as Helm writes it for the release `shop`. The template only inserts values.
fn of_the_chart() -> Value {
    let values = yaml("deploy/helm/values.yaml");
    let template = read("deploy/helm/templates/migrate.yaml");
    let release = Value::from("shop");
    let mut parts = template.split("{{ ");
    let mut rendered = parts.next().expect("a text").to_owned();
    for part in parts {
        let (expression, rest) = part.split_once(" }}").expect("an expression ends");
        let (name, is_quoted) = match expression.strip_suffix(" | quote") {
            Some(name) => (name, true),
            None => (expression, false),
        };
        let value = match name.strip_prefix(".Values.") {
            Some(path) => values.pointer(&format!("/{}", path.replace('.', "/"))),
            None => (name == ".Release.Name").then_some(&release),
        };
        let value = value.expect(name);
        let plain = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let quote = if is_quoted { "\"" } else { "" };
        rendered.extend([quote, &plain, quote]);
        rendered += rest;
    }
    parsed(&rendered, "deploy/helm/templates/migrate.yaml")
}

/// All manifests, with their names.
fn manifests() -> Vec<(&'static str, Value)> {
    let mut manifests: Vec<(&str, Value)> = [
        "deploy/argocd/migrate.yaml",
        "deploy/fleet-job.yaml",
        "deploy/kubernetes/job.yaml",
        "deploy/kubernetes/service.yaml",
    ]
    .into_iter()
    .map(|path| (path, yaml(path)))
    .collect();
    manifests.push(("deploy/helm", of_the_chart()));
    manifests
}

/// The containers that run migrator.
fn containers(manifest: &Value) -> Vec<&Value> {
    let pod = &manifest["spec"]["template"]["spec"];
    let all = [&pod["initContainers"], &pod["containers"]];
    let all = all.into_iter().flat_map(list);
    all.filter(|one| text(&one["image"]).contains("/migrator:"))
        .collect()
}

fn arguments(container: &Value) -> Vec<&str> {
    list(&container["args"]).iter().map(text).collect()
}

/// The arguments of a container that waits, without the time to wait.
fn at_once(container: &Value) -> Vec<String> {
    let arguments = arguments(container).into_iter();
    arguments
        .map(|one| one.replace("--timeout=10min", "--timeout=0s"))
        .collect()
}

/// Whether Kubernetes accepts a text as the name of an object or a container.
fn is_label(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= 63
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[test]
fn every_container_has_arguments_that_the_command_accepts() {
    for (path, manifest) in manifests() {
        let containers = containers(&manifest);
        assert!(!containers.is_empty(), "{path}");
        assert!(is_label(text(&manifest["metadata"]["name"])), "{path}");
        for container in containers {
            assert!(is_label(text(&container["name"])), "{path}");
            // Without a database, the command ends with 5. A usage error would be 2.
            let folder = tempdir().expect("a folder is made");
            let arguments = at_once(container);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let nobody = "postgresql://a@127.0.0.1:1/a";
            let ran = output(&mut on(nobody, folder.path(), &arguments));
            assert!(ran.starts_with("exit: 5\n"), "{path}: {ran}");
        }
    }
}

#[test]
fn the_job_and_the_init_container_have_the_same_digest() {
    let (job, service) = (
        yaml("deploy/kubernetes/job.yaml"),
        yaml("deploy/kubernetes/service.yaml"),
    );
    let name = text(&job["metadata"]["name"]);
    let digest = name.strip_prefix("migrate-").expect("the digest");
    let container = containers(&service)[0];
    assert_eq!(container["name"], format!("wait-for-{digest}"));
    assert_eq!(container["image"], containers(&job)[0]["image"]);
    let real = output(&mut crate::support::migrator(&["digest"]));
    let real = real.lines().nth(2).expect("a digest");
    assert_eq!(real.len(), digest.len());
}

#[test]
fn the_job_applies_what_the_init_container_waits_for() {
    let (url, folder) = (database(), tempdir().expect("a folder is made"));
    let (job, service) = (
        yaml("deploy/kubernetes/job.yaml"),
        yaml("deploy/kubernetes/service.yaml"),
    );
    let run = |container: &Value| output(&mut on(&url, folder.path(), &arguments(container)));
    let (up, wait) = (containers(&job)[0], containers(&service)[0]);
    let early = at_once(wait);
    let early: Vec<&str> = early.iter().map(String::as_str).collect();
    let early = output(&mut on(&url, folder.path(), &early));
    assert!(early.starts_with("exit: 6\n"), "{early}");
    let applied = run(up);
    assert!(applied.starts_with("exit: 0\n"), "{applied}");
    let current = run(wait);
    assert!(current.starts_with("exit: 0\n"), "{current}");
    // A second job finds nothing to do.
    let again = run(up);
    assert!(again.starts_with("exit: 0\n"), "{again}");
    // For an older image, the history has a migration too many.
    execute(
        &url,
        "INSERT INTO migrator.tenant_history (version, name, applied_on, checksum) \
         VALUES (20991231000000, 'ffffffff_later', '2099-12-31T00:00:00Z', '1')",
    );
    let older = run(wait);
    assert!(older.starts_with("exit: 0\n"), "{older}");
    let refused = run(up);
    assert!(refused.starts_with("exit: 3\n"), "{refused}");
    assert!(refused.contains("M0402"), "{refused}");
    let allowed = [&arguments(up)[..], &["--allow-missing"]].concat();
    let allowed = output(&mut on(&url, folder.path(), &allowed));
    assert!(allowed.starts_with("exit: 0\n"), "{allowed}");
}

#[test]
fn the_three_jobs_differ_only_in_how_they_start() {
    let job = |mut manifest: Value| {
        let spec = manifest["spec"].take();
        let mut spec = spec.as_object().expect("a spec").clone();
        spec.remove("ttlSecondsAfterFinished");
        Value::Object(spec)
    };
    let argo = yaml("deploy/argocd/migrate.yaml");
    assert_eq!(
        argo["metadata"]["annotations"]["argocd.argoproj.io/hook"],
        "PreSync"
    );
    let helm = of_the_chart();
    let hooks = &helm["metadata"]["annotations"]["helm.sh/hook"];
    assert_eq!(hooks, "pre-install,pre-upgrade");
    let plain = job(yaml("deploy/kubernetes/job.yaml"));
    assert_eq!(job(argo), plain);
    assert_eq!(job(helm), plain);
}

#[test]
fn a_failed_pod_starts_again_unless_a_person_must_act() {
    // What `--help` says about the exit codes.
    let help = output(&mut crate::support::migrator(&["--help"]));
    for line in ["2  usage error", "3  refused:"] {
        assert!(help.contains(line), "{help}");
    }
    for (path, manifest) in manifests() {
        if manifest["kind"] == "Job" {
            let rules = list(&manifest["spec"]["podFailurePolicy"]["rules"]);
            let codes = &rules[0]["onExitCodes"];
            assert_eq!(codes["values"], serde_json::json!([2, 3]), "{path}");
            assert_eq!(codes["containerName"], containers(&manifest)[0]["name"]);
            // The schema of Kubernetes requires both members.
            let moved = serde_json::json!([{ "type": "DisruptionTarget", "status": "True" }]);
            assert_eq!(rules[1]["onPodConditions"], moved, "{path}");
        }
    }
}
