//! Groups of settings that hold for all subgraphs and may be set for each, every one written down once: from it
//! come the two entries of the catalogue, the field, and how it is read and written.

use super::catalogue::Setting;
use super::inherited::Inherited;

/// A setting for all subgraphs, and for each.
#[derive(Debug)]
pub(super) struct PerSubgraph<S> {
    /// For those that say nothing else.
    pub(super) general: Setting<S>,
    /// The same below `subgraphs.*`.
    pub(super) own: Setting<Inherited<S>>,
}

/// Defines the struct of a group with its settings:
///
/// ```text
/// group! {
///     /// What the struct is.
///     pub struct Name at "path.of.the.group" {
///         field: Type = "key", Shape: value, "What it does, and the reason for its default.";
///     }
/// }
/// ```
///
/// Beside the struct stand `SETTINGS`, with a [`PerSubgraph`] for each field, and `ENTRIES`, for the catalogue.
macro_rules! group {
    (
        $(#[$meta:meta])*
        pub struct $name:ident at $group:literal {
            $($field:ident: $type:ty = $key:literal, $shape:ty: $value:expr, $doc:literal;)*
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $(#[doc = $doc] pub $field: $type,)*
        }

        /// The settings of the group, by field.
        pub(in crate::config) struct Settings {
            $(pub(in crate::config) $field: $crate::config::group::PerSubgraph<$shape>,)*
        }

        pub(in crate::config) static SETTINGS: Settings = Settings {
            $($field: $crate::config::group::PerSubgraph {
                general: $crate::config::catalogue::Setting {
                    path: concat!($group, ".", $key),
                    shape: $value,
                    doc: $doc,
                },
                own: $crate::config::catalogue::Setting {
                    path: concat!("subgraphs.*.", $group, ".", $key),
                    shape: $crate::config::inherited::Inherited {
                        shape: $value,
                        unset: concat!($group, ".", $key),
                    },
                    doc: concat!("As `", $group, ".", $key, "`, for this subgraph."),
                },
            },)*
        };

        /// For all subgraphs, then for one.
        pub(in crate::config) static ENTRIES: &[&dyn $crate::config::catalogue::Entry] =
            &[$(&SETTINGS.$field.general,)* $(&SETTINGS.$field.own,)*];

        impl $name {
            /// What holds for a subgraph, or for those that say nothing; `None` if something was refused.
            pub(in crate::config) fn read(
                document: &mut $crate::config::document::Document,
                subgraph: Option<&str>,
            ) -> Option<$name> {
                // Each is read, even after one is refused: all problems are reported at once.
                $(let $field = document.read_of(&SETTINGS.$field, subgraph);)*
                Some($name { $($field: $field?,)* })
            }

            /// Writes all of it into a document, or into what a document says of one subgraph.
            pub(in crate::config) fn write(&self, document: &mut serde_json::Map<String, serde_json::Value>) {
                use $crate::config::writable::Writable as _;
                $(
                    let setting = &SETTINGS.$field.general;
                    let value = setting.shape.written(&self.$field);
                    $crate::config::document::put(document, setting.path, value);
                )*
            }
        }
    };
}

pub(super) use group;
