//! The client's own words: requests and answers. Nothing else names its types.

use qdrant_client::qdrant::{
    Condition, CountPoints, CreateCollection, Datatype, DeletePoints, Distance, Filter,
    GetCollectionInfoResponse, HasIdCondition, HnswConfigDiff, PointId, PointStruct, PointsIdsList,
    PointsSelector, ScrollPoints, SearchParams, SearchPoints, UpsertPoints, VectorParams, VectorsConfig,
    WithPayloadSelector, WithVectorsSelector, point_id::PointIdOptions, points_selector::PointsSelectorOneOf,
    vectors_config,
};

/// A collection for bytes, compared from end to end: a graph would cost the server minutes and the answers exactness.
pub(super) fn create(collection: &str, dimensions: usize) -> CreateCollection {
    let vectors = VectorParams {
        size: dimensions as u64,
        distance: Distance::Euclid as i32,
        datatype: Some(Datatype::Uint8 as i32),
        ..VectorParams::default()
    };
    CreateCollection {
        collection_name: collection.to_owned(),
        vectors_config: Some(VectorsConfig {
            config: Some(vectors_config::Config::Params(vectors)),
        }),
        hnsw_config: Some(HnswConfigDiff {
            m: Some(0),
            ..HnswConfigDiff::default()
        }),
        ..CreateCollection::default()
    }
}

/// What a collection of ours is made for, as [`shape`] tells it.
pub(super) fn expected_shape(dimensions: usize) -> String {
    shown(
        dimensions as u64,
        Distance::Euclid as i32,
        Some(Datatype::Uint8 as i32),
    )
}

/// What a collection is made for.
pub(super) fn shape(info: GetCollectionInfoResponse) -> String {
    let vectors = info
        .result
        .and_then(|info| info.config?.params?.vectors_config?.config);
    match vectors {
        Some(vectors_config::Config::Params(vectors)) => {
            shown(vectors.size, vectors.distance, vectors.datatype)
        }
        _ => "named vectors, or none".to_owned(),
    }
}

fn shown(size: u64, distance: i32, datatype: Option<i32>) -> String {
    let distance = Distance::try_from(distance).unwrap_or_default().as_str_name();
    let datatype = datatype
        .and_then(|datatype| Datatype::try_from(datatype).ok())
        .unwrap_or_default()
        .as_str_name();
    format!("vectors of {size} components ({datatype}, {distance})")
}

pub(super) fn upsert(collection: &str, points: impl Iterator<Item = (u64, Vec<f32>)>) -> UpsertPoints {
    let points = points
        .map(|(id, vector)| PointStruct {
            id: Some(id.into()),
            vectors: Some(vector.into()),
            ..PointStruct::default()
        })
        .collect();
    UpsertPoints {
        collection_name: collection.to_owned(),
        wait: Some(true),
        points,
        ..UpsertPoints::default()
    }
}

pub(super) fn delete(collection: &str, ids: &[u64]) -> DeletePoints {
    let ids = PointsIdsList { ids: points(ids) };
    DeletePoints {
        collection_name: collection.to_owned(),
        wait: Some(true),
        points: Some(PointsSelector {
            points_selector_one_of: Some(PointsSelectorOneOf::Points(ids)),
        }),
        ..DeletePoints::default()
    }
}

pub(super) fn search(collection: &str, query: &[f32], limit: usize, allowed: Option<&[u64]>) -> SearchPoints {
    let filter = allowed.map(|ids| Filter::must([Condition::from(HasIdCondition { has_id: points(ids) })]));
    SearchPoints {
        collection_name: collection.to_owned(),
        vector: query.to_vec(),
        filter,
        limit: limit as u64,
        with_payload: Some(WithPayloadSelector::from(false)),
        with_vectors: Some(WithVectorsSelector::from(false)),
        params: Some(SearchParams {
            exact: Some(true),
            ..SearchParams::default()
        }),
        ..SearchPoints::default()
    }
}

pub(super) fn count(collection: &str) -> CountPoints {
    CountPoints {
        collection_name: collection.to_owned(),
        exact: Some(true),
        ..CountPoints::default()
    }
}

pub(super) fn page(collection: &str, from: Option<u64>, limit: usize) -> ScrollPoints {
    ScrollPoints {
        collection_name: collection.to_owned(),
        offset: from.map(PointId::from),
        limit: u32::try_from(limit).ok(),
        with_payload: Some(WithPayloadSelector::from(false)),
        with_vectors: Some(WithVectorsSelector::from(false)),
        ..ScrollPoints::default()
    }
}

fn points(ids: &[u64]) -> Vec<PointId> {
    ids.iter().copied().map(PointId::from).collect()
}

/// Every point of ours has a number; another kind of id is not ours.
pub(super) fn number(id: Option<&PointId>) -> Option<u64> {
    match id?.point_id_options.as_ref()? {
        PointIdOptions::Num(number) => Some(*number),
        PointIdOptions::Uuid(_) => None,
    }
}
