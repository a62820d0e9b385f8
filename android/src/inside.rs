/// Whether this program runs inside of `android test-phone`, where there is no network.
pub(crate) fn inside_test_phone() -> bool {
    std::env::var_os("TAILOR_TEST_PHONES").is_some_and(|serials| !serials.is_empty())
}
