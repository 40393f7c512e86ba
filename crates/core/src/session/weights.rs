//! A graph's weights, held once for all of its sessions.
//!
//! ONNX Runtime lets sessions share initializers that their creator owns, and what its kernels make
//! of them (`AddInitializer` and a container of pre-packed weights). Here these are the mapped file
//! itself; a session is made from the file's structure alone, which says where each weight lies. So
//! a session costs what it packs, no session copies weights, and loading takes a fraction of the time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::PathBuf;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use ort::AsPointer;
use ort::memory::{Allocator, MemoryInfo};
use ort::session::Session;
use ort::session::builder::{PrepackedWeights, SessionBuilder};
use ort::value::{DynValue, TensorElementType};

use super::onnx_file::{Element, OnnxFile, Weight};
use crate::model::FileBytes;
use crate::{Error, ModelFiles, Result};

/// A graph's structure and weights. Its sessions must be gone before it is dropped.
pub(super) struct SharedWeights {
    structure: Vec<u8>,
    values: Vec<(String, Arc<DynValue>)>,
    prepacked: PrepackedWeights,
    /// Where the structure's external data is; none when each session has to be told of the values.
    folder: Option<String>,
    /// What the values point into.
    files: BTreeMap<String, FileBytes>,
}

impl SharedWeights {
    /// Maps a graph. None when it has no weights to share, or is not understood: then the runtime
    /// reads it by itself, or says what is wrong with it.
    pub(super) fn map(files: &ModelFiles, graph: &str) -> Result<Option<Self>> {
        let bytes = files.open(graph, true)?;
        let folder = Folder::of(files, graph);
        let read = OnnxFile::read(&bytes, |file| folder.name_of(files, &beside(graph, file)));
        let Ok(OnnxFile { structure, weights }) = read else { return Ok(None) };
        // Weights are stored with the lowest byte first.
        if weights.is_empty() || cfg!(target_endian = "big") {
            return Ok(None);
        }
        let mut mapped = BTreeMap::from([(graph.to_owned(), bytes)]);
        let mut values = Vec::with_capacity(weights.len());
        for weight in weights {
            let name = beside(graph, weight.file.as_deref());
            if !mapped.contains_key(&name) {
                mapped.insert(name.clone(), files.open(&name, true)?);
            }
            let value = value(&mapped[&name], &weight)
                .map_err(|what| Error::file(files.label(&name), format!("the weight {:?} {what}", weight.name)))?;
            values.push((weight.name, Arc::new(value)));
        }
        Ok(Some(Self { structure, values, prepacked: PrepackedWeights::new(), folder: folder.path(), files: mapped }))
    }

    /// A session that uses these weights.
    pub(super) fn commit(&self, mut builder: SessionBuilder) -> ort::Result<Session> {
        if let Some(folder) = &self.folder {
            builder = builder.with_config_entry("session.model_external_initializers_file_folder_path", folder)?;
        }
        for (name, value) in &self.values {
            if self.folder.is_none() {
                builder = builder.with_external_initializer(name, value.clone())?;
            }
            builder = builder.with_initializer(name, value.clone())?;
        }
        let session = builder.with_prepacked_weights(&self.prepacked)?.commit_from_memory(&self.structure);
        // Most of what was read is packed now and not needed again.
        self.files.values().for_each(FileBytes::release);
        session
    }
}

/// The folder that a graph and its external data really lie in: runtimes from 1.24 on refuse external
/// data behind links to other folders, as caches of models have them.
struct Folder {
    path: Option<PathBuf>,
    holds_all: Cell<bool>,
}

impl Folder {
    fn of(files: &ModelFiles, graph: &str) -> Self {
        let real = files.path(graph).and_then(|path| path.canonicalize().ok());
        let path = real.and_then(|path| Some(path.parent()?.to_owned()));
        Self { holds_all: Cell::new(path.is_some()), path }
    }

    /// A file's name in the folder.
    fn name_of(&self, files: &ModelFiles, name: &str) -> String {
        let real = files.path(name).and_then(|path| path.canonicalize().ok());
        let inside = real.as_deref().filter(|path| path.parent() == self.path.as_deref());
        let name = inside.and_then(|path| path.file_name()?.to_str());
        self.holds_all.set(self.holds_all.get() && name.is_some());
        name.unwrap_or("elsewhere").to_owned()
    }

    /// The folder, if every file that was asked for is in it.
    fn path(self) -> Option<String> {
        self.path.filter(|_| self.holds_all.get())?.into_os_string().into_string().ok()
    }
}

/// The name of a file that lies beside the graph; the graph's own when none is named.
fn beside(graph: &str, file: Option<&str>) -> String {
    match (file, graph.rsplit_once('/')) {
        (None, _) => graph.to_owned(),
        (Some(file), None) => file.to_owned(),
        (Some(file), Some((folder, _))) => format!("{folder}/{file}"),
    }
}

/// A weight as the runtime's value. It points into the file, where weights lie at any byte; the
/// runtime reads its own mapped files in the same way.
#[allow(unsafe_code)]
fn value(file: &[u8], weight: &Weight) -> std::result::Result<DynValue, String> {
    let bytes = weight.offset.checked_add(weight.bytes).and_then(|end| file.get(weight.offset..end));
    let bytes =
        bytes.ok_or_else(|| format!("should take {} bytes at {}, beyond the end", weight.bytes, weight.offset))?;
    let element = match weight.element {
        Element::F32 => TensorElementType::Float32,
        Element::F64 => TensorElementType::Float64,
        Element::F16 => TensorElementType::Float16,
        Element::Bf16 => TensorElementType::Bfloat16,
        Element::U8 => TensorElementType::Uint8,
        Element::I8 => TensorElementType::Int8,
        Element::I32 => TensorElementType::Int32,
        Element::I64 => TensorElementType::Int64,
    };
    let (memory, allocator, mut raw) = (MemoryInfo::default(), Allocator::default(), null_mut());
    // SAFETY: the runtime is loaded; the shape's cells fill the bytes exactly (`OnnxFile` checks it);
    // the runtime only reads initializers, and `SharedWeights` keeps the bytes for longer than the value.
    let status = unsafe {
        (ort::api().CreateTensorWithDataAsOrtValue)(
            memory.ptr(),
            bytes.as_ptr().cast::<c_void>().cast_mut(),
            bytes.len(),
            weight.shape.as_ptr(),
            weight.shape.len(),
            element.into(),
            &mut raw,
        )
    };
    // SAFETY: the status is the one that was just returned.
    unsafe { ort::Error::result_from_status(status) }.map_err(|e| format!("is refused: {e}"))?;
    let raw = NonNull::new(raw).ok_or("is refused")?;
    // SAFETY: the value was just created, and nothing else owns it.
    Ok(unsafe { DynValue::from_ptr(raw, Some(&allocator)) })
}
