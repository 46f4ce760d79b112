//! Where the machine's power comes from, as the kernel tells it. It knows nothing of what is done about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where Linux lists batteries and mains adapters.
pub(crate) const POWER_SUPPLIES: &str = "/sys/class/power_supply";

/// What was read stays true for so long: a look costs a handful of small reads, some of which ask the battery's controller.
const LOOK: Duration = Duration::from_secs(2);

/// The power supplies of a machine.
#[derive(Debug)]
pub(crate) struct Power {
    folder: PathBuf,
    seen: Mutex<Option<(Instant, bool)>>,
}

impl Power {
    pub(crate) fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            seen: Mutex::default(),
        }
    }

    /// Whether the machine runs on battery. Where nobody tells, it does not.
    pub(crate) fn is_scarce(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, is_scarce)) = *seen
            && at.elapsed() < LOOK
        {
            return is_scarce;
        }
        let is_scarce = is_on_battery(&self.folder);
        *seen = Some((Instant::now(), is_scarce));
        is_scarce
    }
}

/// A battery of the machine is being emptied, and no adapter is plugged in. Batteries of mice and headsets say that they
/// are a device's.
fn is_on_battery(folder: &Path) -> bool {
    let supplies = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut is_emptied = false;
    for supply in supplies.map(|supply| supply.path()) {
        let says = |name: &str| {
            let text = fs::read_to_string(supply.join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        if says("scope") == "Device" {
            continue;
        }
        match says("type").as_str() {
            "Battery" => is_emptied |= says("status") == "Discharging",
            // Mains, USB and whatever else gives power.
            _ if says("online") == "1" => return false,
            _ => {}
        }
    }
    is_emptied
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(supplies: &[(&str, &[(&str, &str)])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, files) in supplies {
            let supply = folder.path().join(name);
            fs::create_dir(&supply).unwrap();
            for (file, text) in *files {
                fs::write(supply.join(file), format!("{text}\n")).unwrap();
            }
        }
        folder
    }

    const DISCHARGING: &[(&str, &str)] = &[("type", "Battery"), ("status", "Discharging")];
    const CHARGING: &[(&str, &str)] = &[("type", "Battery"), ("status", "Charging")];
    const PLUGGED: &[(&str, &str)] = &[("type", "Mains"), ("online", "1")];
    const UNPLUGGED: &[(&str, &str)] = &[("type", "Mains"), ("online", "0")];
    const MOUSE: &[(&str, &str)] = &[
        ("type", "Battery"),
        ("status", "Discharging"),
        ("scope", "Device"),
    ];

    #[test]
    fn a_laptop_without_its_adapter_is_on_battery() {
        let on_battery = |supplies: &[_]| is_on_battery(machine(supplies).path());
        assert!(on_battery(&[("AC", UNPLUGGED), ("BAT0", DISCHARGING)]));
        assert!(on_battery(&[("BAT0", DISCHARGING), ("BAT1", CHARGING)]));
        assert!(!on_battery(&[("AC", PLUGGED), ("BAT0", CHARGING)]));
        // Some adapters are too weak to charge while the machine works.
        assert!(!on_battery(&[("AC", PLUGGED), ("BAT0", DISCHARGING)]));
    }

    #[test]
    fn a_machine_without_a_battery_is_not_even_with_a_wireless_mouse() {
        assert!(!is_on_battery(machine(&[]).path()));
        assert!(!is_on_battery(machine(&[("hidpp_battery_0", MOUSE)]).path()));
        assert!(!is_on_battery(Path::new("/nonexistent")));
    }
}
