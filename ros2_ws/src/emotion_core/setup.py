from setuptools import find_packages, setup

package_name = "emotion_core"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="emotion_bot maintainers",
    description="Perception, affect, gaze and the head's protocol without ROS.",
    license="Apache-2.0",
)
