//! Weir over the four subgraphs against one service with the same schema and data: random operations must get
//! the same `data`, byte for byte, and errors where the other has errors. The one service is asked the operation
//! in its plain form (`weir_tests::plain_operation`).
//!
//! `make differential` asks any number more; `WEIR_DIFF_COUNT`, `WEIR_DIFF_SEED` and `WEIR_DIFF_NUMBER` (one
//! operation alone) are its settings. What differs is saved under `target/differential/SEED/NUMBER/`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};
use weir_tests::operations::{GeneratedOperation, Operations};
use weir_tests::plain_operation::{plain, without_placeholders};
use weir_tests::schema::Schema;

use crate::support::binaries;
use crate::support::client::Connection;
use crate::support::world::World;

/// Operations in a plain run.
const COUNT: u64 = 2_000;

/// Keep-alive connections, each with one operation at a time.
const CONNECTIONS: usize = 8;

/// Differing operations that are saved; one fault makes many.
const MAX_SAVED: usize = 50;

#[test]
fn random_operations_get_what_one_service_answers() {
    let world = World::start(&json!({}), 2);
    let schema = Schema::api_of_supergraph(&world.subgraphs.supergraph());
    let run = Run::new(
        &world,
        &schema,
        Operations::new(&schema, setting("WEIR_DIFF_SEED").unwrap_or(1)).values(values()),
    );
    let numbers: Vec<u64> = match setting("WEIR_DIFF_NUMBER") {
        Some(number) => vec![number],
        None => (0..setting("WEIR_DIFF_COUNT").unwrap_or(COUNT)).collect(),
    };
    let start = Instant::now();
    run.queries(&numbers);
    run.mutations(&numbers);
    let seconds = start.elapsed().as_secs_f64();
    let differing = run.differing.into_inner().expect("no thread has panicked");
    println!(
        "{} operations ({} mutations, {} with errors) in {seconds:.1} s, {} differ",
        numbers.len(),
        run.mutations.into_inner(),
        run.with_errors.into_inner(),
        differing.len()
    );
    assert!(differing.is_empty(), "{}", summary(&differing));
}

/// The same schema to clients: types, fields, arguments, defaults, deprecations.
#[test]
fn introspection_tells_what_one_service_tells() {
    crate::support::world::calm(|world| {
        let query = "{ __schema { queryType { name } mutationType { name } types { name kind
            fields(includeDeprecated: true) { name type { ...T } isDeprecated deprecationReason args { name defaultValue type { ...T } } }
            inputFields { name defaultValue type { ...T } } interfaces { name } possibleTypes { name } enumValues { name } } } }
            fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
        let told = |url: String| {
            let mut types =
                Connection::new(url).post(&json!({ "query": query })).json()["data"]["__schema"].clone();
            sort(&mut types);
            types
        };
        let weir = told(world.gateway.url("/graphql"));
        let one = told(world.subgraphs.monolith());
        let names = |schema: &Value| {
            let types = schema["types"].as_array().expect("types").iter();
            types
                .filter(|ty| !ty["name"].as_str().is_some_and(|name| name.starts_with("__")))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&weir), names(&one));
    });
}

/// Lists in introspection have no order of their own.
fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(sort);
            items.sort_by_key(|item| item["name"].to_string());
        }
        Value::Object(fields) => {
            // async-graphql has null where the specification has an empty list (an interface's interfaces).
            if fields.get("interfaces").is_some_and(Value::is_null) {
                fields.insert("interfaces".to_owned(), json!([]));
            }
            if fields.get("kind") != Some(&json!("OBJECT")) && fields.get("kind") != Some(&json!("INTERFACE"))
            {
                fields.remove("interfaces");
            }
            fields.values_mut().for_each(sort);
        }
        _ => {}
    }
}

/// Values that find something in the demo's data, and some that don't.
fn values() -> Value {
    json!({
        "first": [0, 1, 2, 3, -1, 7], "upc": ["P0001", "P0009", "P0017", "P0300", "nothing"],
        "id": ["u1", "u7", "u60", "r1", "r305", "q3", "nobody", 1],
        "text": ["chair", "co", "", "zzz"], "country": ["DE", "FR", "XX"], "minRating": [1, 3, 5],
        "reviewId": ["r1", "r2", "r1800", "r9999"],
        "ProductFilter.maxPrice": [10, 99.5, 500, 1e3], "ProductFilter.brandIds": ["b1", "b2", "b12", "none"],
        "Destination.country": ["DE", "FR"], "UpdateProfile.userId": ["u1", "u2", "u30", "u99"],
        "AddReview.authorId": ["u1", "u5", "u99"], "AddReview.upc": ["P0001", "P0002", "none"],
        "AddReview.rating": [1, 3, 5, 6],
    })
}

struct Run<'a> {
    world: &'a World,
    schema: &'a Schema,
    operations: Operations<'a>,
    /// Number and what differs, unsorted.
    differing: Mutex<Vec<(u64, String)>>,
    mutations: AtomicU64,
    with_errors: AtomicU64,
}

/// A connection to Weir and one to the service it is compared with.
struct Pair {
    weir: Connection,
    one: Connection,
}

/// An answer: the text of `data` as it came, and whether there are errors.
struct Answer {
    body: String,
    data: String,
    errors: Vec<Value>,
}

impl<'a> Run<'a> {
    fn new(world: &'a World, schema: &'a Schema, operations: Operations<'a>) -> Run<'a> {
        let differing = Mutex::new(Vec::new());
        Run {
            world,
            schema,
            operations,
            differing,
            mutations: AtomicU64::new(0),
            with_errors: AtomicU64::new(0),
        }
    }

    fn pair(&self) -> Pair {
        let weir = Connection::new(self.world.gateway.url("/graphql"));
        Pair { weir, one: Connection::new(self.world.subgraphs.monolith()) }
    }

    /// Nothing changes the data meanwhile, so the order does not matter.
    fn queries(&self, numbers: &[u64]) {
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let pair = self.pair();
                    while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                        let operation = self.operations.nth_operation(*number);
                        if !is_mutation(&operation) {
                            self.compare(&pair, &operation);
                        }
                    }
                });
            }
        });
    }

    /// Each alone, on the data as they are at the start, so that it can be repeated alone.
    fn mutations(&self, numbers: &[u64]) {
        let pair = self.pair();
        for number in numbers {
            let operation = self.operations.nth_operation(*number);
            if is_mutation(&operation) {
                self.world.subgraphs.reset();
                self.mutations.fetch_add(1, Ordering::Relaxed);
                self.compare(&pair, &operation);
            }
        }
        self.world.subgraphs.reset();
    }

    fn compare(&self, pair: &Pair, operation: &GeneratedOperation) {
        let request = json!({ "query": operation.text, "variables": operation.variables });
        let plain = plain(self.schema, &operation.text, &operation.variables);
        let weir = Answer::of(&pair.weir, &request);
        let mut one = Answer::of(&pair.one, &json!({ "query": plain, "variables": operation.variables }));
        one.data = without_placeholders(&one.data, self.schema);
        if one.leaves_out_a_root_field() {
            one.data = "null".to_owned();
        }
        if !one.errors.is_empty() {
            self.with_errors.fetch_add(1, Ordering::Relaxed);
        }
        let what = if weir.data == one.data && weir.errors.is_empty() == one.errors.is_empty() {
            return;
        } else if let [error, ..] = weir.errors.as_slice()
            && one.errors.is_empty()
        {
            format!("Weir has an error: {} {}", error["extensions"]["code"], error["message"])
        } else if let ([], [error, ..]) = (weir.errors.as_slice(), one.errors.as_slice()) {
            format!("Weir has no error, the other {}", error["message"])
        } else {
            "the data differ".to_owned()
        };
        let mut differing = self.differing.lock().expect("no thread has panicked");
        if differing.len() < MAX_SAVED {
            self.save(operation, &plain, &weir, &one);
        }
        differing.push((operation.number, what));
    }

    /// All that is needed to look at it and to repeat it.
    fn save(&self, operation: &GeneratedOperation, plain: &str, weir: &Answer, one: &Answer) {
        let folder = folder(operation.seed).join(operation.number.to_string());
        fs::create_dir_all(&folder).expect("a folder can be made");
        let write =
            |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file can be written");
        let supergraph = folder.join("supergraph.graphql");
        let text = folder.join("operation.graphql");
        write("supergraph.graphql", &self.world.subgraphs.supergraph());
        write("operation.graphql", &operation.text);
        write("variables.json", &operation.variables.to_string());
        write("one-service.graphql", plain);
        write("weir.json", &weir.body);
        write("one-service.json", &one.body);
        let arguments = ["plan", "--supergraph"].map(PathBuf::from).into_iter().chain([supergraph, text]);
        let variables = ["--variables".into(), operation.variables.to_string().into()];
        let plan = binaries::run_weirctl(&arguments.chain(variables).collect::<Vec<_>>());
        write(
            "plan.txt",
            &[plan.stdout, plan.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat(),
        );
        let repeat = format!(
            "WEIR_DIFF_SEED={} WEIR_DIFF_NUMBER={} make differential\n",
            operation.seed, operation.number
        );
        write("repeat.sh", &repeat);
    }
}

impl Answer {
    fn of(connection: &Connection, request: &Value) -> Answer {
        let reply = connection.post(request);
        let body = reply.text().to_owned();
        let json = reply.json();
        let data = sonic_rs::get_from_str(&body, &["data"])
            .map_or("null".to_owned(), |data| data.as_raw_str().to_owned());
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        Answer { body, data, errors }
    }
}

impl Answer {
    /// As async-graphql does with one that failed and is not nullable; all that fail in the demo are such, so that
    /// `data` has to be null (GraphQL §6.4.4).
    fn leaves_out_a_root_field(&self) -> bool {
        let data = serde_json::from_str::<Value>(&self.data).unwrap_or_default();
        self.errors.iter().any(|error| {
            let path = error["path"].as_array().map_or(&[][..], Vec::as_slice);
            matches!(path, [Value::String(key)] if data.get(key).is_none())
        })
    }
}

fn is_mutation(operation: &GeneratedOperation) -> bool {
    operation.text.starts_with("mutation")
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn folder(seed: u64) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| binaries::repository("target"), PathBuf::from);
    Path::new(&target).join("differential").join(seed.to_string())
}

fn summary(differing: &[(u64, String)]) -> String {
    let mut differing = differing.to_vec();
    differing.sort();
    let seed = setting("WEIR_DIFF_SEED").unwrap_or(1);
    let mut text = format!("{} operations differ; see {}:\n", differing.len(), folder(seed).display());
    for (number, what) in differing.iter().take(MAX_SAVED) {
        let _ = writeln!(text, "  {number}: {what}");
    }
    text
}
