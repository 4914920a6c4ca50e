#!/usr/bin/env bash
# Generates emotion_bot_msgs into the Python environment given as the first argument, so that it imports
# without sourcing anything. On a system ROS 2 colcon does this instead.
set -eu
environment="$(realpath "$1")"
root="$(realpath "$(dirname "$0")/..")"
build="$root/.cache/interfaces"

export PATH="$environment/bin:$PATH"
export AMENT_PREFIX_PATH="$environment" CMAKE_PREFIX_PATH="$environment"
export LD_LIBRARY_PATH="$environment/lib"
unset PYTHONPATH ROS_DISTRO COLCON_PREFIX_PATH

echo "Building the interface package"
mkdir -p "$build"
if ! {
    cmake -G Ninja -S "$root/ros2_ws/src/emotion_bot_msgs" -B "$build" \
        -DCMAKE_INSTALL_PREFIX="$environment" -DPython3_EXECUTABLE="$environment/bin/python" \
        -DCMAKE_PROJECT_INCLUDE="$root/tools/wheel_prefix.cmake" -DBUILD_TESTING=OFF &&
        cmake --build "$build" && cmake --install "$build"
} >"$build/log.txt" 2>&1; then
    tail -n 30 "$build/log.txt" >&2
    echo "The interface package could not be built; the whole log is in $build/log.txt" >&2
    exit 1
fi
