//! Injects faults into runs of the command, and prints what was lost.
//!
//! `cargo run -p migrator-bench --bin chaos -- [PART…] [--seed N] [--tries N] [-- ARGUMENT…]`
//!
//! Without a part it runs all parts. It passes the arguments after `--` to every `up` and `down`.

#![expect(clippy::print_stdout, reason = "it prints its table")]

use std::error::Error;
use std::process::ExitCode;

use migrator_bench::chaos::{PARTS, Part, Setting, VARIABLE, registry};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if let Ok(shape) = std::env::var(VARIABLE) {
        return Ok(migrator_cli::run(registry(shape.parse()?)?));
    }
    let (setting, parts) = typed()?;
    let mut losses = Vec::new();
    println!(
        "{:<44}  {:>5}  {:>6}  {:>6}  {:>7}  seed",
        "fault", "tries", "midway", "losses", "seconds"
    );
    for part in parts {
        let tally = part.tally(&setting);
        println!(
            "{:<44}  {:>5}  {:>6}  {:>6}  {:>7.1}  {}",
            tally.fault,
            tally.tries,
            tally.midway,
            tally.losses.len(),
            tally.took.as_secs_f64(),
            tally.seed
        );
        losses.extend(
            tally
                .losses
                .into_iter()
                .map(|loss| format!("{}: {loss}", tally.fault)),
        );
    }
    for loss in &losses {
        println!("\n{loss}");
    }
    Ok(match losses.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn typed() -> Result<(Setting, Vec<&'static Part>), Box<dyn Error>> {
    let mut setting = Setting {
        program: std::env::current_exe()?,
        seed: 1,
        tries: None,
        extra: Vec::new(),
    };
    let mut parts = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().ok_or("a number is missing");
        match argument.as_str() {
            "--seed" => setting.seed = number()?.parse()?,
            "--tries" => setting.tries = Some(number()?.parse()?),
            "--" => setting.extra.extend(arguments.by_ref()),
            name => parts.push(find(name)?),
        }
    }
    if parts.is_empty() {
        parts.extend(PARTS);
    }
    Ok((setting, parts))
}

fn find(name: &str) -> Result<&'static Part, String> {
    PARTS.iter().find(|part| part.name == name).ok_or_else(|| {
        let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        format!("`{name}` is no part; there are {}", names.join(", "))
    })
}
