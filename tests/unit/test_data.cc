#include "tests/unit/test_data.h"

const char* const kTestData = WFD_TEST_DATA;
