//! The suites of `tests/suites`: supergraphs with strict subgraphs, answered by Weir and by one service.

mod cases;
mod check;
mod differential;
mod normal_form;
mod report;
