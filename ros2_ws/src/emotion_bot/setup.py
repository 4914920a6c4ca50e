from glob import glob

from setuptools import find_packages, setup

package_name = "emotion_bot"
node_names = [
    "behaviour",
    "camera",
    "dashboard",
    "emotion",
    "faces",
    "gaze",
    "head",
    "humans",
    "microphone",
    "mood",
    "privacy",
    "recorder",
    "republish",
    "say",
    "speech",
    "voice",
]

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(include=[package_name, f"{package_name}.*"]),
    package_data={package_name: ["dashboard/static/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/config", glob("config/*.*")),
        (f"share/{package_name}/config/security", glob("config/security/*.xml")),
        (f"share/{package_name}/launch", glob("launch/*.launch.py")),
        (f"share/{package_name}/models", glob("models/*.onnx") + glob("models/*_tokenizer.json")),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="emotion_bot maintainers",
    description="The ROS 2 nodes and commands of emotion_bot.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "emotion-bot = emotion_bot.cli:main",
            *[f"{name}_node = emotion_bot.nodes.{name}:main" for name in node_names],
        ],
        "pytest11": ["emotion_bot = emotion_bot.pytest_plugin"],
    },
)
