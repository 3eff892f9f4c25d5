//! What models can be evaluated with beside the CPU.

use llama_cpp_2::{LlamaBackendDeviceType, list_llama_ggml_backend_devices};

/// A processor beside the CPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What llama.cpp calls it.
    pub name: String,
    /// Its maker's name for it.
    pub description: String,
    /// Bytes of its memory, and how many are free.
    pub memory: (usize, usize),
}

/// Whether this build can use any.
pub fn is_built_in() -> bool {
    cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"))
}

/// Those that this build can use and that are there.
pub fn devices() -> Vec<Device> {
    if !is_built_in() || super::backend().is_err() {
        return Vec::new();
    }
    let all = list_llama_ggml_backend_devices().into_iter();
    let gpus = all.filter(|device| {
        matches!(device.device_type, LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu)
    });
    gpus.map(|device| Device {
        name: device.name,
        description: device.description,
        memory: (device.memory_total, device.memory_free),
    })
    .collect()
}
