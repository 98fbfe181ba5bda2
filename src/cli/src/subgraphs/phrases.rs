//! The words the demo's data is put together from.

/// The `n`th word of the list, starting over at its end.
pub(crate) fn pick(list: &'static [&'static str], n: usize) -> &'static str {
    list[n % list.len()]
}

pub(crate) const FIRST_NAMES: &[&str] = &[
    "Ada", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ingrid", "Jonas", "Kaja", "Liam",
    "Maja", "Noor", "Olek", "Petra", "Quentin", "Rosa", "Søren", "Tilda",
];
pub(crate) const LAST_NAMES: &[&str] = &[
    "Almeida",
    "Bergström",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Górski",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalczyk",
    "Lindqvist",
    "Moreau",
    "Novák",
    "Okafor",
    "Petrović",
    "Ricci",
];
pub(crate) const STREETS: &[&str] = &[
    "Mill Lane",
    "Harbour Street",
    "Linden Avenue",
    "Station Road",
    "Orchard Close",
    "Kiln Row",
    "North Quay",
];
pub(crate) const CITIES: &[&str] = &["Berlin", "Lyon", "Barcelona", "Gothenburg", "Warsaw", "Porto", "Ghent"];
pub(crate) const COUNTRIES: &[&str] = &["DE", "FR", "ES", "SE", "PL", "PT", "BE"];
pub(crate) const BRANDS: &[&str] = &[
    "Halden", "Morrow", "Tessel", "Brisk", "Okapi", "Lumen", "Fjell", "Cobalt", "Wren", "Sable", "Pontoon",
    "Quarry",
];
pub(crate) const ADJECTIVES: &[&str] = &[
    "Folding",
    "Quiet",
    "Insulated",
    "Compact",
    "Brushed",
    "Modular",
    "Oak",
    "Travel",
    "Enamelled",
    "Linen",
    "Rugged",
    "Slim",
    "Heavy-duty",
    "Vintage",
    "Waterproof",
    "Cordless",
    "Stackable",
];
pub(crate) const THINGS: &[&str] = &[
    "Lantern", "Kettle", "Backpack", "Desk", "Speaker", "Grinder", "Bench", "Tent", "Scale", "Clock",
    "Toolbox", "Blanket", "Stove", "Shelf", "Radio", "Bottle",
];
pub(crate) const DESCRIPTIONS: &[&str] = &[
    "Made to be repaired: every part can be ordered on its own and fitted with one screwdriver.",
    "Small enough for a weekend bag, strong enough for a workshop.",
    "Designed with people who use it all day, and tested by them for a winter.",
    "A plain thing done well, in a finish that ages gracefully.",
    "Runs a full working day on one charge and tells you before it stops.",
];
pub(crate) const CARE: &[&str] =
    &["Wipe with a damp cloth.", "Oil the joints once a year.", "Store dry.", "Keep away from open fire."];
pub(crate) const OPINIONS: &[&str] = &[
    "Better than the one it replaced, and it replaced a good one.",
    "Arrived a day early and well packed.",
    "Does what the label says, no more and no less.",
    "I wanted to like it more than I do.",
    "My third one: the first two I gave away to friends who asked.",
    "\"Sturdy\" is the word my neighbour used, and he builds bridges.",
    "The colour is warmer than in the pictures.",
];
pub(crate) const DETAILS: &[&str] = &[
    "The hinge squeaked for a week, then stopped.",
    "Setting it up took ten minutes without the manual.",
    "It survived a fall from the roof of the van.",
    "The lid could close more tightly.",
    "Spare parts came from the maker within two days.",
    "Heavier than it looks, which I count as a good sign.",
    "Would buy again – and did. 👍",
    "After a year of daily use it shows no wear.",
];
pub(crate) const QUESTIONS: &[&str] = &[
    "Can it stay outside in winter?",
    "Does the battery fit the older model?",
    "Is the handle removable?",
    "How long is the cable?",
    "Are spare lids sold separately?",
];
pub(crate) const ANSWERS: &[&str] = &[
    "Yes, down to minus ten degrees.",
    "It does, with the adapter in the box.",
    "No, but the maker exchanges it for free.",
    "About two metres.",
];
