#include "tools/card/card_main.h"

int main(int argc, char** argv) { return meshfs::card::card_main(argc, argv); }
