use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tch::{Cuda, Device};

use crate::error::SearchError;

/// Where networks are trained: `cpu`, or `cuda:N`, one of libtorch's GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ComputeDevice {
    /// The processors.
    #[default]
    Cpu,
    /// The GPU of this number.
    Cuda(usize),
}

impl ComputeDevice {
    pub(crate) fn open(self) -> Result<Device, SearchError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(index) => {
                let available = if Cuda::is_available() { Cuda::device_count() } else { 0 };
                match usize::try_from(available) {
                    Ok(available) if index < available => Ok(Device::Cuda(index)),
                    _ => Err(SearchError::Device { asked: self.to_string(), available }),
                }
            }
        }
    }
}

impl fmt::Display for ComputeDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl From<ComputeDevice> for String {
    fn from(device: ComputeDevice) -> Self {
        device.to_string()
    }
}

impl FromStr for ComputeDevice {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        match text.strip_prefix("cuda:").map(str::parse) {
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            Some(Ok(index)) => Ok(Self::Cuda(index)),
            _ => Err(UnknownDevice(text.to_owned())),
        }
    }
}

/// A word that names no [`ComputeDevice`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no device: expected `cpu`, or `cuda:N` with N from 0")]
pub struct UnknownDevice(pub String);

impl TryFrom<String> for ComputeDevice {
    type Error = UnknownDevice;

    fn try_from(text: String) -> Result<Self, UnknownDevice> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for device in [ComputeDevice::Cpu, ComputeDevice::Cuda(0), ComputeDevice::Cuda(3)] {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for wrong in ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            assert!(wrong.parse::<ComputeDevice>().unwrap_err().to_string().contains("cuda:N"), "{wrong}");
        }
    }

    #[test]
    fn a_gpu_that_is_not_there_is_refused() {
        assert_eq!(ComputeDevice::Cpu.open().unwrap(), Device::Cpu);
        let error = ComputeDevice::Cuda(9999).open().unwrap_err();
        assert!(error.is_input() && error.to_string().contains("cuda:9999"), "{error}");
    }
}
