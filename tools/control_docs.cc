// Prints docs/control.md; scripts/docs writes it.
#include <iostream>

#include "daemon/method_table.h"

int main() { std::cout << wfdcast::daemon::control_documentation(); }
