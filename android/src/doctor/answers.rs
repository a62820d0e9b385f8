use crate::{adb::Adb, error::AndroidError};
use std::{collections::BTreeMap, path::Path};

/// What a phone's files and programs say, by path or command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    sections: BTreeMap<String, String>,
}

/// Starts a section; what follows is the command, or [`IN_FILES`].
const MARK: &str = "tailor-section ";

/// Section of the files' text: lines of a path, a colon, and a line of that file.
const IN_FILES: &str = "files";

/// Files whose text is wanted; patterns are the phone's shell's to expand.
const FILES: &str = "/proc/cpuinfo /proc/meminfo /proc/loadavg /proc/sys/kernel/osrelease \
    /sys/devices/system/cpu/cpu[0-9]*/cpu_capacity /sys/devices/system/cpu/cpu[0-9]*/online \
    /sys/devices/system/cpu/cpu[0-9]*/topology/core_id \
    /sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_min_freq \
    /sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq \
    /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq \
    /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor \
    /sys/class/thermal/thermal_zone*/type /sys/class/thermal/thermal_zone*/temp";

const COMMANDS: [&str; 6] = [
    "getprop",
    "dumpsys battery",
    "dumpsys power",
    "dumpsys thermalservice",
    "settings get global low_power",
    "df -k /data/local/tmp",
];

impl Answers {
    /// Asks the phone everything at once; changes nothing there.
    pub(crate) fn ask(adb: &Adb, serial: &str) -> Result<Self, AndroidError> {
        // One program for all of them: phones have hundreds, and starting one for each takes seconds.
        let files = format!("echo {MARK}{IN_FILES}; grep '' /dev/null {FILES} 2>/dev/null; echo");
        let commands = COMMANDS.map(|command| format!("echo {MARK}{command}; {command} 2>/dev/null; echo"));
        Ok(Self::parse(&adb.shell(serial, &format!("{files}; {}; true", commands.join("; ")))?))
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut sections = BTreeMap::<String, String>::new();
        let mut current = None;
        for line in text.lines().map(|line| line.trim_end_matches('\r')) {
            if let Some(name) = line.strip_prefix(MARK) {
                current = Some(name);
                continue;
            }
            let (name, line) = match current {
                Some(IN_FILES) => match line.split_once(':') {
                    Some(of_file) => of_file,
                    None => continue,
                },
                Some(command) => (command, line),
                None => continue,
            };
            let section = sections.entry(name.to_owned()).or_default();
            section.push_str(line);
            section.push('\n');
        }
        Self { sections }
    }

    /// What a command printed; `None` if it printed nothing.
    pub(crate) fn of(&self, command: &str) -> Option<&str> {
        self.sections.get(command).map(|text| text.trim_end()).filter(|text| !text.is_empty())
    }

    /// Writes the phone's files below `root`, at their own paths.
    pub(crate) fn write_files(&self, root: &Path) -> Result<(), AndroidError> {
        for (name, text) in &self.sections {
            let Some(path) = name.strip_prefix('/').filter(|path| !path.split('/').any(|part| part == ".."))
            else {
                continue;
            };
            let path = root.join(path);
            let unusable = |reason| AndroidError::Unusable { path: path.clone(), reason };
            path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(unusable)?;
            std::fs::write(&path, text).map_err(unusable)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_told_apart_and_stay_below_the_root() {
        let text = "noise\ntailor-section files\n/proc/loadavg:0.1 0.2 0.3 1/2 3\n/proc/cpuinfo:a : b\n\n\
            /../../escape:x\ntailor-section getprop\r\n[a]: [b]\r\n\ntailor-section df -k /data/local/tmp\n\n";
        let answers = Answers::parse(text);
        assert_eq!(answers.of("getprop"), Some("[a]: [b]"));
        assert_eq!(answers.of("df -k /data/local/tmp"), None, "it printed nothing");
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("a/b");
        answers.write_files(&root).unwrap();
        assert!(std::fs::read_to_string(root.join("proc/loadavg")).unwrap().starts_with("0.1 0.2"));
        assert_eq!(std::fs::read_to_string(root.join("proc/cpuinfo")).unwrap(), "a : b\n");
        assert!(!outer.path().join("escape").exists() && !outer.path().join("a/escape").exists());
    }
}
