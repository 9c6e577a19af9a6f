//! The faults, each with its code.

use migrator_model::{Code, Node};

use super::{Fault, unreadable};
use crate::generated::{uid, version};

pub(super) const FAULTS: &[Fault] = &[
    (Code::M0101, |site| site.remove("services.toml")),
    (Code::M0101, |site| site.remove("migrations")),
    (Code::M0102, |site| site.rename("120000_", "126000_")),
    (Code::M0102, |site| site.rename("120000_", "_")),
    (Code::M0102, |site| site.rename("120000_", "120000-")),
    (Code::M0103, |site| site.rename("_a", "_A")),
    (Code::M0103, |site| site.rename("_a", "_x")),
    (Code::M0103, |site| site.rename("_a", "_")),
    (Code::M0104, |site| {
        site.remove(&site.spec.down(site.migration))
    }),
    (Code::M0105, |site| {
        site.remove(&site.spec.up(site.migration))
    }),
    (Code::M0106, |site| {
        site.rename("create_table", "createTable")
    }),
    (Code::M0106, |site| {
        site.rename("create_table", "create table")
    }),
    (Code::M0107, |site| site.rename(".sql", ".SQL")),
    (Code::M0107, |site| site.rename(".sql", ".sq")),
    (Code::M0108, |site| {
        site.rename("create_table", "drop_table")
    }),
    (Code::M0108, |site| site.rename("120000_", "120001_")),
    (Code::M0108, |site| site.rename("_a", "_b")),
    (Code::M0109, |site| {
        let uid = uid(site.migration);
        site.add_pair(&format!("20250101000000_{uid}_again"))
    }),
    (Code::M0110, |site| {
        site.service = site.spec.migrations[site.migration].service;
        let version = version(site.migration);
        site.add_pair(&format!("{version}_b0000000_again"))
    }),
    (Code::M0111, |site| {
        site.put("notes.txt", Node::File(Vec::new()))
    }),
    (Code::M0111, |site| {
        site.put("migrations/x.sql", Node::File(Vec::new()))
    }),
    (Code::M0111, |site| {
        site.put_in_folder("notes.txt", Node::File(Vec::new()))
    }),
    (Code::M0111, |site| site.put_in_folder("old", Node::Folder)),
    (Code::M0112, |site| site.put("migrations/zz", Node::Folder)),
    (Code::M0113, |site| {
        site.remove(&site.spec.folder(site.service))
    }),
    (Code::M0114, |site| {
        site.put(&site.script.clone(), Node::DeadLink)
    }),
    (Code::M0114, |site| site.spoil_folder(Node::DeadLink)),
    (Code::M0118, |site| {
        site.put(&site.script.clone(), Node::OutsideLink)
    }),
    (Code::M0118, |site| site.spoil_folder(Node::OutsideLink)),
    (Code::M0115, |site| {
        site.put(&site.script.clone(), Node::Folder)
    }),
    (Code::M0115, |site| {
        site.spoil_folder(Node::File(Vec::new()))
    }),
    (Code::M0115, |site| site.put("services.toml", Node::Folder)),
    (Code::M0116, |site| {
        site.put(&site.script.clone(), unreadable())
    }),
    (Code::M0116, |site| site.spoil_folder(unreadable())),
    (Code::M0116, |site| site.put("", unreadable())),
    (Code::M0116, |site| {
        site.remove("migrations");
        site.put("migrations", unreadable())
    }),
    (Code::M0117, |site| {
        site.rename("create_table", "create_t\u{fffd}ble")?;
        site.put(&site.script.clone(), Node::MisnamedBytes)
    }),
    (Code::M0117, |site| {
        site.put("migrations/\u{fffd}", Node::MisnamedBytes)
    }),
    (Code::M0201, |site| site.append(b"-- \xe4\n")),
    (Code::M0202, |site| site.append(b"SELECT '\0';\n")),
    (Code::M0203, |site| {
        site.put(&site.script.clone(), Node::File(b"-- .\n".to_vec()))
    }),
    (Code::M0204, |site| {
        site.prepend("-- migrator: concurrently")
    }),
    (Code::M0205, |site| {
        site.prepend("-- migrator: lock-timeout 5")
    }),
    (Code::M0205, |site| site.prepend("-- migrator: requires")),
    (Code::M0206, |site| {
        site.append(b"-- migrator: no-transaction\n")
    }),
    (Code::M0206, |site| {
        site.prepend("/* migrator: no-transaction */")
    }),
    (Code::M0207, |site| site.append(b"SELECT 'x;\n")),
    (Code::M0207, |site| site.append(b"/* ;\n")),
    (Code::M0207, |site| site.append(b"SELECT \"x;\n")),
    (Code::M0301, |site| site.edit("tiers = [", "tiers = [[")),
    (Code::M0301, |site| site.edit_table("tier = ", "tier ")),
    (Code::M0302, |site| site.edit("tiers = ", "teirs = ")),
    (Code::M0302, |site| site.edit_table("services.", "service.")),
    (Code::M0302, |site| {
        site.edit_table("directory = ", "dir = \"x\"\ndirectory = ")
    }),
    (Code::M0302, |site| {
        site.edit_table("directory = ", "direktory = ")
    }),
    (Code::M0302, |site| site.edit_table("tier = \"", "# ")),
    (Code::M0302, |site| {
        site.edit_table("tier = \"", "tier = 1 # ")
    }),
    (Code::M0302, |site| site.edit_table("directory = \"", "# ")),
    (Code::M0302, |site| {
        site.edit_table("depends_on = [", "depends_on = 1 # [")
    }),
    (Code::M0303, |site| {
        site.edit("\"Foundation Services\", ", "\"\", ")
    }),
    (Code::M0303, |site| {
        site.edit("[\"Core Setup\"", "[\"Core Setup\", \"Core Setup\"")
    }),
    (Code::M0304, |site| {
        site.edit_table("tier = \"", "tier = \"The ")
    }),
    (Code::M0305, |site| {
        site.edit_table("depends_on = [", "depends_on = [\"zz\", ")
    }),
    (Code::M0306, |site| {
        site.edit("Core Services\"]", "Core Services\", \"Late\"]")?;
        let late = "[services.zz]\ntier = \"Late\"\ndirectory = \"zz\"\n\n[services.";
        site.put("migrations/zz", Node::Folder)?;
        site.edit("[services.", late)?;
        site.edit_table("depends_on = [", "depends_on = [\"zz\", ")
    }),
    (Code::M0307, |site| {
        let own = format!(
            "depends_on = [\"{}\", ",
            site.spec.services[site.service].name
        );
        site.edit_table("depends_on = [", &own)
    }),
    (Code::M0308, |site| {
        site.edit_table("services.", "services.X-")
    }),
    (Code::M0309, |site| {
        site.edit_table("directory = \"", "directory = \"../")
    }),
    (Code::M0309, |site| {
        let other = (site.service + 1) % site.spec.services.len();
        let [own, other] = [site.service, other].map(|i| site.spec.services[i].name);
        site.edit_table(&format!("\"{own}_service"), &format!("\"{other}_service"))
            .filter(|()| own != other)
    }),
    (Code::M0310, |site| site.require("zz/20240101000000")),
    (Code::M0310, |site| {
        let service = site.spec.services[site.service].name;
        site.require(&format!("{service}/20200101000000"))
    }),
    (Code::M0311, |site| {
        site.require(&site.spec.reference(site.migration))
    }),
    (Code::M0313, |site| {
        site.edit_table("[services.", "[lints]\nM0104 = \"warn\"\n\n[services.")
    }),
    (Code::M0313, |site| {
        site.edit_table("[services.", "[lints]\nM0216 = \"loud\"\n\n[services.")
    }),
    (Code::M0313, |site| {
        site.edit_table(
            "[services.",
            "[lints.before]\nM0216 = \"allow\"\n\n[services.",
        )
    }),
    (Code::M0314, |site| {
        site.edit_table(
            "[services.",
            "[drift]\nleave_out = [\"a\", \" \"]\n\n[services.",
        )
    }),
    (Code::M0312, |site| {
        let last = site.spec.migrations.len() - 1;
        let waits = site.spec.migrations[last].requires.contains(&0);
        site.migration = 0;
        site.require(&site.spec.reference(last))?;
        site.migration = last;
        match waits {
            true => Some(()),
            false => site.require(&site.spec.reference(0)),
        }
        .filter(|()| last > 0)
    }),
];
