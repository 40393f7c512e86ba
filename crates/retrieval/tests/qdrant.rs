//! Collections on a Qdrant server, at the wire: a stand-in takes the requests, and records them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests end with a panic")]

mod databases;
mod stand_in;

use embedkit_retrieval::database::{Address, Database as _, Point, Publisher, QdrantServer, rollback};
use embedkit_retrieval::{Filter, Pipeline, Searcher};
use qdrant_client::qdrant::alias_operations::Action;
use qdrant_client::qdrant::query::Variant;
use qdrant_client::qdrant::vector_input::Variant as Input;
use qdrant_client::qdrant::vectors_config::Config;
use qdrant_client::qdrant::{
    ChangeAliases, CreateCollection, Distance, Modifier, MultiVectorComparator, PrefetchQuery, QueryBatchPoints,
    QueryPoints, UpsertPoints,
};
use stand_in::StandIn;

fn server() -> (StandIn, QdrantServer) {
    let stand_in = StandIn::start();
    let server = QdrantServer::with_key(&stand_in.url(), "notes", Some("secret")).unwrap();
    (stand_in, server)
}

#[test]
fn every_pipeline_finds_what_files_have() {
    databases::finds_what_files_have(&server().1);
}

#[test]
fn it_scores_as_maxsim_does() {
    databases::scores_as_maxsim_does(&server().1);
}

#[test]
fn points_are_replaced() {
    databases::points_are_replaced(&server().1);
}

#[test]
fn publishers_do_not_mix() {
    databases::publishers_do_not_mix(&server().1);
}

#[test]
fn ties_are_in_the_records_order() {
    databases::ties_are_in_the_records_order(&server().1);
}

#[test]
fn versions_stand_side_by_side() {
    databases::versions_stand_side_by_side(&server().1);
}

#[test]
fn collections_are_made_as_they_should_be() {
    let (stand_in, server) = server();
    let made = databases::made(&databases::nested());
    Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap();
    let [create] = &stand_in.requests::<CreateCollection>("Collections/Create")[..] else { panic!() };
    assert_eq!(create.collection_name, "notes-000001");
    let Some(Config::ParamsMap(vectors)) = create.vectors_config.as_ref().unwrap().config.as_ref() else { panic!() };
    let (meaning, tokens) = (&vectors.map["meaning"], &vectors.map["tokens"]);
    assert_eq!((meaning.size, meaning.distance(), &meaning.hnsw_config), (256, Distance::Dot, &None));
    assert_eq!((tokens.size, tokens.distance()), (256, Distance::Dot));
    assert_eq!(tokens.multivector_config.as_ref().unwrap().comparator(), MultiVectorComparator::MaxSim);
    assert_eq!(tokens.hnsw_config.as_ref().unwrap().m, Some(0));
    assert_eq!((vectors.map.len(), &meaning.multivector_config), (2, &None));
    let sparse = &create.sparse_vectors_config.as_ref().unwrap().map;
    assert_eq!((sparse.len(), sparse["words"].modifier()), (1, Modifier::Idf));
    let state = stand_in.state();
    let collection = &state.collections["notes-000001"];
    assert_eq!(collection.indexed, ["path", "document", "tags"]);
    let payload = &collection.points[&3].payload;
    for key in ["id", "document", "path", "text", "url", "tags", "year", "chunk"] {
        assert!(payload.contains_key(key), "{key} of {payload:?}");
    }
    assert!(state.keys.iter().all(|key| key.as_deref() == Some("secret")));
}

/// How many records there are: no level takes more, however deep the pipeline.
const ALL: u64 = 10;

/// What a level of a query compares, and how many it takes.
fn stage(level: &PrefetchQuery) -> (Option<&str>, Option<u64>) {
    (level.using.as_deref(), level.limit)
}

#[test]
fn a_nested_pipeline_is_one_query() {
    let (stand_in, server) = server();
    let made = databases::made(&databases::nested());
    Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap();
    let searcher = Searcher::of_database(&server, None, &|builder| builder).unwrap();
    let filter = Filter::new().with("tags", "food").with("year", 2005);
    searcher.search_filtered("how do I keep bread fresh", 7, &filter).unwrap();
    assert!(stand_in.requests::<QueryBatchPoints>("Points/QueryBatch").is_empty());
    let [query] = &stand_in.requests::<QueryPoints>("Points/Query")[..] else { panic!() };
    assert_eq!(
        (query.collection_name.as_str(), query.using.as_deref(), query.limit),
        ("notes-000001", Some("tokens"), Some(ALL))
    );
    let Some(Variant::Nearest(input)) = &query.query.as_ref().unwrap().variant else { panic!("{query:?}") };
    assert!(matches!(&input.variant, Some(Input::MultiDense(vectors)) if vectors.vectors.len() > 3));
    let [fused] = &query.prefetch[..] else { panic!("{query:?}") };
    let Some(Variant::Rrf(rrf)) = &fused.query.as_ref().unwrap().variant else { panic!("{fused:?}") };
    // 60 counted from rank 1, as Qdrant's is from rank 0.
    assert_eq!((rrf.k, stage(fused)), (Some(61), (None, Some(ALL))));
    let [dense, sparse] = &fused.prefetch[..] else { panic!("{fused:?}") };
    assert_eq!((stage(dense), stage(sparse)), ((Some("meaning"), Some(ALL)), (Some("words"), Some(ALL))));
    for level in [&query.filter, &fused.filter, &dense.filter, &sparse.filter] {
        assert_eq!(level.as_ref().unwrap().must.len(), 2, "{level:?}");
    }
    // An explanation asks for every stage's scores, in one batch.
    let hit = searcher.search("how do I keep bread fresh", 1).unwrap().remove(0);
    searcher.explain("how do I keep bread fresh", &hit, &|builder| builder).unwrap();
    assert_eq!(stand_in.requests::<QueryBatchPoints>("Points/QueryBatch")[0].query_points.len(), 3);
}

#[test]
fn scores_to_fuse_here_come_in_one_batch() {
    let (stand_in, server) = server();
    let made = databases::made(&Pipeline::default());
    Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap();
    let searcher = Searcher::of_database(&server, None, &|builder| builder).unwrap();
    let hits = searcher.search("how do I keep bread fresh", 3).unwrap();
    // The query that is moved asks one stage for its scores of what was found, and no more.
    let [moved] = &stand_in.requests::<QueryPoints>("Points/Query")[..] else { panic!() };
    assert_eq!((moved.using.as_deref(), moved.prefetch.len()), (Some("meaning"), 0));
    assert!(moved.limit.unwrap() >= hits.len() as u64 && moved.filter.is_some(), "{moved:?}");
    let [batch] = &stand_in.requests::<QueryBatchPoints>("Points/QueryBatch")[..] else { panic!() };
    let using: Vec<_> = batch.query_points.iter().map(|query| query.using.as_deref().unwrap()).collect();
    assert_eq!(using, ["meaning", "words"]);
    for query in &batch.query_points {
        assert_eq!(
            query.prefetch.iter().map(stage).collect::<Vec<_>>(),
            [(Some("meaning"), Some(ALL)), (Some("words"), Some(ALL))]
        );
        assert_eq!(query.limit, Some(ALL));
    }
}

#[test]
fn lots_go_at_once_and_a_lost_connection_is_gone_on_from() {
    let (stand_in, server) = server();
    let made = databases::made(&databases::nested());
    stand_in.state().takes = Some(5);
    let error = Publisher::new(&server).lots(2, 2).publish(&made.version, &|builder| builder).unwrap_err();
    assert!(error.report().contains("the network is down"), "{}", error.report());
    assert_eq!((server.current().unwrap(), stand_in.state().collections["notes-000001"].points.len()), (None, 5));
    stand_in.state().takes = None;
    stand_in.state().requests.clear();
    let published = Publisher::new(&server).lots(2, 2).publish(&made.version, &|builder| builder).unwrap();
    assert_eq!((published.version.as_str(), published.sent), ("000001", 6));
    let lots: Vec<usize> =
        stand_in.requests::<UpsertPoints>("Points/Upsert").iter().map(|request| request.points.len()).collect();
    assert_eq!(lots, [2, 2, 2], "the first two lots are there, and one point of the third");
}

#[test]
fn a_damaged_version_is_not_sent() {
    let (stand_in, server) = server();
    let made = databases::made(&Pipeline::default());
    let vectors = made.version.folder().join("meaning.npy");
    let mut damaged = std::fs::read(&vectors).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&vectors, damaged).unwrap();
    let error = Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap_err();
    assert!(error.report().contains("meaning.npy") && error.report().contains("digest"), "{}", error.report());
    assert!(stand_in.requests::<UpsertPoints>("Points/Upsert").is_empty());
}

#[test]
fn the_alias_moves_in_one_step() {
    let (stand_in, server) = server();
    for pipeline in [databases::nested(), Pipeline::default()] {
        let made = databases::made(&pipeline);
        Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap();
    }
    rollback(&server).unwrap();
    let changes = stand_in.requests::<ChangeAliases>("Collections/UpdateAliases");
    let moves: Vec<Vec<String>> = changes
        .into_iter()
        .map(|change| {
            let name = |action: Action| match action {
                Action::CreateAlias(create) => format!("{} is {}", create.alias_name, create.collection_name),
                other => panic!("{other:?}"),
            };
            change.actions.into_iter().map(|operation| name(operation.action.unwrap())).collect()
        })
        .collect();
    let expected: [&[&str]; 3] = [&["notes is notes-000001"], &["notes is notes-000002"], &["notes is notes-000001"]];
    assert_eq!(moves, expected);
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let address: Address = "http://127.0.0.1:1/notes".parse().unwrap();
    let error = Searcher::at(&address, &|builder| builder).err().unwrap();
    assert!(error.report().contains("http://127.0.0.1:1"), "{}", error.report());
}

#[tokio::test]
async fn it_may_be_used_inside_a_runtime() {
    let (_stand_in, server) = server();
    assert_eq!(server.versions().unwrap(), [""; 0]);
    drop(server);
}

/// A collection that somebody else has made.
fn foreign(stand_in: &StandIn, name: &str) {
    let request = CreateCollection { collection_name: name.into(), ..CreateCollection::default() };
    stand_in.state().create(request).unwrap();
}

#[test]
fn collections_of_others_are_none_of_ours() {
    let (stand_in, server) = server();
    for name in ["notes-2024", "notes-202401", "notes-", "notes2-000001"] {
        foreign(&stand_in, name);
    }
    for (pipeline, name) in [(databases::nested(), "000001"), (Pipeline::default(), "000002")] {
        let made = databases::made(&pipeline);
        let published = Publisher::new(&server).keep(1).publish(&made.version, &|builder| builder).unwrap();
        assert_eq!(published.version, name);
    }
    assert_eq!(server.versions().unwrap(), ["000002"]);
    assert_eq!(stand_in.state().collections.len(), 5);
    // One in the place of ours is told, and nothing is sent to it.
    foreign(&stand_in, "notes-000003");
    let made = databases::made(&databases::nested());
    let error = Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap_err().to_string();
    assert!(error.contains("notes-000003") && error.contains("not made by embedkit"), "{error}");
    assert!(stand_in.state().collections["notes-000003"].points.is_empty());
}

#[test]
fn what_cannot_be_is_told_before_anything_is_sent() {
    type Prepare = fn(&StandIn);
    let cases: [(Prepare, &str); 3] = [
        (|stand_in| foreign(stand_in, "notes"), "\"notes\" is a collection there"),
        (
            |stand_in| {
                foreign(stand_in, "theirs");
                stand_in.state().aliases.insert("notes".into(), "theirs".into());
            },
            "\"notes\" is an alias of the collection \"theirs\"",
        ),
        (|stand_in| stand_in.state().forgets_metadata = true, "Qdrant 1.16"),
    ];
    let made = databases::made(&databases::nested());
    for (prepare, told) in cases {
        let (stand_in, server) = server();
        prepare(&stand_in);
        let before = stand_in.state().collections.len();
        let error = Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert!(stand_in.requests::<UpsertPoints>("Points/Upsert").is_empty());
        assert_eq!(stand_in.state().collections.len(), before, "{told}");
    }
}

#[test]
fn whole_numbers_keep_their_digits() {
    let (_stand_in, server) = server();
    let made = databases::made(&databases::nested());
    let name = Publisher::new(&server).publish(&made.version, &|builder| builder).unwrap().version;
    let (_, points) = server.open(&name).unwrap();
    let large = [u64::MAX, 1 << 63, (1 << 63) - 1];
    let payload =
        serde_json::json!({"large": large[0], "list": large, "inner": {"large": large[0]}, "least": i64::MIN});
    points.upsert(vec![Point::new(3, Vec::new(), payload.as_object().unwrap().clone())]).unwrap();
    let kept = serde_json::json!({"large": large[0].to_string(), "list": [large[0].to_string(), large[1].to_string(), large[2]],
        "inner": {"large": large[0].to_string()}, "least": i64::MIN});
    assert_eq!(points.get(&[3]).unwrap()[0].1, *kept.as_object().unwrap());
}

#[test]
fn a_key_is_sent_without_its_line_and_never_shown() {
    let stand_in = StandIn::start();
    for key in ["secret\n", " secret\r\n", "\n"] {
        let server = QdrantServer::with_key(&stand_in.url(), "notes", Some(key)).unwrap();
        server.versions().unwrap();
        let sent = stand_in.state().keys.pop().unwrap();
        assert_eq!(sent.as_deref(), if key.contains("secret") { Some("secret") } else { None }, "{key:?}");
    }
    for key in ["sec\nret", "sec ret", "sécret"] {
        let error = QdrantServer::with_key(&stand_in.url(), "notes", Some(key)).unwrap_err().report();
        assert!(error.contains("QDRANT_API_KEY") && !error.contains("ret"), "{error}");
    }
}
