// Any bytes at all into the whole core: the reader, the commands, the motion, the answers.
// The first bytes choose the state the head is in when the rest arrives.
#include <stddef.h>
#include <stdint.h>

#include "fake_board.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FakeBoard board;
  board.keep_sent = false;
  if (size > 0) memset(board.eeprom, data[0], sizeof board.eeprom);
  Rig rig(board);
  if (size > 1 && data[1] & 1) rig.hello();
  if (size > 1 && data[1] & 2) rig.target(data[1] * 64, data[1] * -64);
  for (size_t i = 2; i < size; ++i) {
    rig.core.receive(data[i]);
    if (i % 16 == 0) {
      rig.core.frame();
      while (rig.core.work(rig.now)) {
      }
      rig.now = static_cast<uint16_t>(rig.now + 20);
    }
  }
  for (uint8_t axis = 0; axis < head::kAxes; ++axis) {
    CHECK(head::Settings::within_bounds(rig.core.settings().axis[axis]));
  }
  CHECK_EQUAL(rig.board.powered, rig.core.powered());
  return 0;
}
