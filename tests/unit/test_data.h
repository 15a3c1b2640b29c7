#pragma once

// The directory tests/data of this checkout. Only test_data.cc knows the path, so that all other tests are
// compiled alike in every checkout and a compiler cache serves them.
extern const char* const kTestData;
