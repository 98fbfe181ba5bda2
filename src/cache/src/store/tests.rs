//! What the store is asked for, and when it is left alone.
