//! The engine's own words: configuration, requests, and calls under guard. Nothing else names its types.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use qdrant_edge::{
    Condition, CountRequest, Distance, EdgeConfig, EdgeOptimizersConfig, EdgeShard, EdgeVectorParams,
    Filter as EngineFilter, HasIdCondition, HnswIndexConfig, NamedQuery, OperationResult, PointId,
    PointInsertOperations, PointOperations, PointStructPersisted, QueryEnum, Record, ScrollRequest,
    SearchRequest, UpdateOperation, VectorInternal, VectorStorageDatatype, VectorStructInternal,
    VectorStructPersisted, WithPayloadInterface, WithVector,
};

use super::{EdgeSettings, log};
use crate::error::{VectorError, panic_words};
use crate::store::Filter;

/// Below this many vectors a graph is not worth reading even where there is one, in the engine's KiB of vectors.
const SCAN_BELOW_KIB: usize = 10_000;

pub(super) fn config(dimensions: usize, settings: &EdgeSettings) -> EdgeConfig {
    let vectors = EdgeVectorParams {
        size: dimensions,
        distance: Distance::Euclid,
        on_disk: Some(true),
        multivector_config: None,
        datatype: Some(VectorStorageDatatype::Uint8),
        quantization_config: None,
        hnsw_config: None,
    };
    EdgeConfig {
        on_disk_payload: true,
        vectors: [(String::new(), vectors)].into(),
        hnsw_config: HnswIndexConfig {
            m: 16,
            ef_construct: 100,
            full_scan_threshold: SCAN_BELOW_KIB,
            max_indexing_threads: settings.threads.max(1),
            on_disk: Some(true),
            payload_m: None,
            inline_storage: None,
        },
        optimizers: optimizers(false, dimensions),
        wal_options: Some(log::options()),
        ..EdgeConfig::default()
    }
}

fn optimizers(graph: bool, dimensions: usize) -> EdgeOptimizersConfig {
    EdgeOptimizersConfig {
        // One segment that rests and one that takes changes.
        default_segment_number: Some(2),
        // In KiB of vectors; 0 switches graphs off. A tenth of a scan's worth is left to scanning.
        indexing_threshold: Some(if graph {
            (50_000 * dimensions / 1024).max(1)
        } else {
            0
        }),
        ..EdgeOptimizersConfig::default()
    }
}

/// Runs the engine, and makes errors and panics of it into ours.
pub(super) fn guarded<T>(
    path: &Path,
    doing: &'static str,
    work: impl FnOnce() -> OperationResult<T>,
) -> Result<T, VectorError> {
    // What the engine leaves behind after a panic is not used again: the store that gets the error stays failed.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(VectorError::engine(path, doing, error.to_string())),
        Err(payload) => Err(VectorError::panic(path, doing, payload.as_ref())),
    }
}

pub(super) fn create(path: &Path, shard: &Path, config: EdgeConfig) -> Result<(), VectorError> {
    guarded(path, "create the store", || {
        EdgeShard::new(shard, config).map(drop)
    })
}

/// How long the lock of the log may outlast its owner, and how often it is looked at.
const LOG_STAYS_LOCKED: Duration = Duration::from_secs(2);
const LOG_LOOK: Duration = Duration::from_millis(20);

pub(super) fn open(path: &Path, shard: &Path, config: EdgeConfig) -> Result<EdgeShard, VectorError> {
    const DOING: &str = "open the store";
    // The engine takes an absent directory for an empty shard.
    if !shard.join("segments").is_dir() {
        return Err(VectorError::Damaged {
            path: path.to_owned(),
            doing: DOING,
            detail: "the segments are gone".to_owned(),
        });
    }
    log::prune(shard).map_err(|error| VectorError::io(path, DOING, error))?;
    let deadline = Instant::now() + LOG_STAYS_LOCKED;
    loop {
        match guarded(path, DOING, || EdgeShard::load(shard, Some(config.clone()))) {
            // The store's own lock is held. Who still has the log's is a process that another thread is just starting, with
            // this one's files until it has become another program.
            Err(VectorError::Damaged { detail, .. })
                if detail.contains("WouldBlock") && Instant::now() < deadline =>
            {
                std::thread::park_timeout(LOG_LOOK);
            }
            opened => return opened,
        }
    }
}

/// Flushes and closes.
pub(super) fn close(path: &Path, shard: EdgeShard) -> Result<(), VectorError> {
    guarded(path, "close the store", || {
        drop(shard);
        Ok(())
    })
}

/// Flushes; `false` when the engine was exchanging segments and refused, which it does by panicking.
pub(super) fn flush(path: &Path, shard: &EdgeShard) -> OperationResult<bool> {
    match catch_unwind(AssertUnwindSafe(|| shard.flush())) {
        Ok(()) => Ok(true),
        Err(payload) if panic_words(payload.as_ref()).contains("segment holder lock acquired") => {
            tracing::debug!(path = %path.display(), "flush met the optimiser");
            Ok(false)
        }
        Err(payload) => resume_unwind(payload),
    }
}

pub(super) fn set_graph(shard: &EdgeShard, graph: bool, dimensions: usize) -> OperationResult<()> {
    let wanted = optimizers(graph, dimensions);
    if shard.config().optimizers == wanted {
        Ok(())
    } else {
        shard.set_optimizers_config(wanted)
    }
}

pub(super) fn upsert(points: impl Iterator<Item = (u64, Vec<f32>)>) -> UpdateOperation {
    let points = points
        .map(|(id, vector)| PointStructPersisted {
            id: PointId::NumId(id),
            vector: VectorStructPersisted::Single(vector),
            payload: None,
        })
        .collect();
    UpdateOperation::PointOperation(PointOperations::UpsertPoints(PointInsertOperations::PointsList(
        points,
    )))
}

pub(super) fn delete(ids: &[u64]) -> UpdateOperation {
    let ids = ids.iter().copied().map(PointId::NumId).collect();
    UpdateOperation::PointOperation(PointOperations::DeletePoints { ids })
}

pub(super) fn search(query: Vec<f32>, limit: usize, filter: Option<Filter<'_>>) -> SearchRequest {
    let filter = filter.map(|Filter::Allow(ids)| {
        let allowed: HasIdCondition = ids.iter().copied().map(PointId::NumId).collect();
        EngineFilter::new_must(Condition::HasId(allowed))
    });
    SearchRequest {
        query: QueryEnum::Nearest(NamedQuery {
            query: VectorInternal::Dense(query),
            using: None,
        }),
        filter,
        params: None,
        limit,
        offset: 0,
        with_payload: Some(WithPayloadInterface::Bool(false)),
        with_vector: Some(WithVector::Bool(false)),
        score_threshold: None,
    }
}

pub(super) fn count() -> CountRequest {
    CountRequest {
        filter: None,
        exact: true,
    }
}

pub(super) fn page(from: Option<PointId>, limit: usize) -> ScrollRequest {
    ScrollRequest {
        offset: from,
        limit: Some(limit),
        filter: None,
        with_payload: Some(WithPayloadInterface::Bool(false)),
        with_vector: WithVector::Bool(false),
        order_by: None,
    }
}

/// How far apart points are read: from here on the engine takes them for points here and there.
const STRIDE: usize = 4;

/// Points with their vectors, in no order. They are read here and there, as those of a search through candidates are: what
/// is read in a row comes through another mapping of the same files, whose pages would count for the process twice.
pub(super) fn vectors(shard: &EdgeShard, points: &[PointId]) -> OperationResult<Vec<Record>> {
    let strided = (0..STRIDE).flat_map(|from| points.iter().skip(from).step_by(STRIDE));
    let strided: Vec<PointId> = strided.copied().collect();
    let without = Some(WithPayloadInterface::Bool(false));
    shard.retrieve(&strided, without, Some(WithVector::Bool(true)))
}

/// The vector of a point that was asked for with it.
pub(super) fn vector(record: &Record) -> Option<&[f32]> {
    match record.vector.as_ref()? {
        VectorStructInternal::Single(vector) => Some(vector),
        _ => None,
    }
}

/// Every point of ours has a number; another kind of id is not ours.
pub(super) fn number(id: PointId) -> Option<u64> {
    match id {
        PointId::NumId(number) => Some(number),
        PointId::Uuid(_) => None,
    }
}
